import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pulumiYaml } from "../../../tools/generate/pulumiYaml.ts";

const text = readFileSync(join(import.meta.dirname, "..", "..", "..", "Pulumi.yaml"), "utf8");

describe("the config block of Pulumi.yaml", () => {
  it("is replaced as a whole, and nothing else is", () => {
    const [head] = text.split(/^config:$/m);
    assert.equal(pulumiYaml(`${head}config:\n  fuse-propagation-test:gone: { type: string }\n`), text);
    assert.equal(pulumiYaml(head ?? ""), text);
  });
});
