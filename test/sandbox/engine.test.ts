import assert from "node:assert/strict";
import { serves } from "../../sandbox/engine.ts";

describe("a pulumi on PATH", () => {
  for (const version of ["v3.250.0", "v3.250.1", "v3.251.0", "v3.1000.0"]) {
    it(`${version} is used`, () => assert.equal(serves(version), true));
  }
  for (const version of ["v3.249.9", "v2.300.0", "v4.0.0", "v3.251.0-alpha.1", ""]) {
    it(`${version || "that does not say its version"} is not`, () => assert.equal(serves(version), false));
  }
});
