import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { GROUPS, schema } from "../../../core/settings/schema.ts";

describe("the groups of the settings", () => {
  it("hold every setting, each once", () => {
    const grouped = Object.values(GROUPS).flatMap(({ shape }) => Object.keys(shape));
    assert.deepEqual(grouped, Object.keys(schema.shape));
    assert.equal(new Set(grouped).size, grouped.length);
  });
});

describe("the setting driver", () => {
  it("takes each driver that the probe has a script for, and no other", () => {
    const scripts = readdirSync(join(import.meta.dirname, "..", "..", "..", "probe")).flatMap(
      (name) => /^driver-(.+)\.sh$/.exec(name)?.[1] ?? [],
    );
    assert.deepEqual([...schema.shape.driver.unwrap().options].sort(), scripts.sort());
  });
});
