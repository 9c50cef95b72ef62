import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { triedLately } from "../../sandbox/build/installer.ts";
import { engineEnvironment, isInstalled, versionOf } from "../../sandbox/build/plugins.ts";

describe("the official plugins", () => {
  const home = mkdtempSync(join(tmpdir(), "plugins-"));
  after(() => rmSync(home, { recursive: true }));

  it("count as installed when wholly so: a killed installation leaves its directory, and .partial beside it", () => {
    assert.equal(isInstalled("command", home), false);
    const directory = join(home, "plugins", `resource-command-v${versionOf("command")}`);
    mkdirSync(directory, { recursive: true });
    assert.equal(isInstalled("command", home), true);
    writeFileSync(`${directory}.partial`, "");
    assert.equal(isInstalled("command", home), false);
  });

  for (const [why, hours] of [
    ["late", 1],
    ["failed", 24],
  ] as const) {
    it(`are tried again ${hours} h after an installation that ${why === "late" ? "was late" : "failed"}`, () => {
      const mark = join(home, `${why}.unavailable`);
      assert.equal(triedLately(mark), false);
      writeFileSync(mark, why);
      const then = (share: number) => Date.now() + share * hours * 60 * 60_000;
      assert.equal(triedLately(mark, then(0.9)), true);
      assert.equal(triedLately(mark, then(1.1)), false);
    });
  }
});

describe("the engine's environment", () => {
  it("has this Node before one that lies beside the engine", () => {
    const { PATH = "" } = engineEnvironment("/engine", "/shims", "/programs", {
      kubernetes: "official",
      command: "official",
    });
    const order = PATH.split(":");
    assert.deepEqual(order.slice(0, 3), ["/shims", "/programs", "/engine"]);
  });
});
