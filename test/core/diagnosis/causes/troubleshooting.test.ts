import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { causes, notes } from "../../../../core/diagnosis/causes/index.ts";
import { troubleshooting } from "../../../../core/diagnosis/causes/troubleshooting.ts";

const FILE = join(import.meta.dirname, "..", "..", "..", "..", "docs", "troubleshooting.md");

describe("docs/troubleshooting.md", () => {
  it("is what the catalogue renders: run node docs/generate.ts", () => {
    assert.equal(readFileSync(FILE, "utf8"), troubleshooting());
  });

  it("has one section for each cause but success", () => {
    const sections = [...troubleshooting().matchAll(/^### (\S+)$/gm)].map(([, id]) => id);
    const ids = [...causes, ...notes].map(({ id }) => id).filter((id) => id !== "success");
    assert.deepEqual(sections.sort(), ids.sort());
  });
});
