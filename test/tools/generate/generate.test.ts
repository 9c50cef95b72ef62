import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { causes, notes } from "../../../core/diagnosis/causes/index.ts";
import { GENERATED } from "../../../tools/generate/generated.ts";
import { troubleshootingPage } from "../../../tools/generate/troubleshootingPage.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");

describe("generated files", () => {
  for (const [path, render] of Object.entries(GENERATED))
    it(`${path} is what the code says: npm run generate`, () => {
      const present = readFileSync(join(ROOT, path), "utf8");
      assert.equal(present, render(present));
    });
});

describe("docs/troubleshooting.md", () => {
  it("has one section for each cause but success", () => {
    const sections = [...troubleshootingPage().matchAll(/^### (\S+)$/gm)].map(([, id]) => id);
    const ids = [...causes, ...notes].map(({ id }) => id).filter((id) => id !== "success");
    assert.deepEqual(sections.sort(), ids.sort());
  });
});
