import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isSweptAhead, sweepAhead } from "../../../cli/start/ahead.ts";

describe("a sweep ahead of the one at destroy", () => {
  let folder: string;
  const report = () => join(folder, "sweep.jsonl");
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ahead-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is waited for, and reported as the other one would", async () => {
    const { promise, resolve } = Promise.withResolvers<{ node: string; what: string }[]>();
    const ahead = sweepAhead(report(), () => promise);
    const heard = isSweptAhead(report());
    assert.equal(await Promise.race([heard, sleep(200)]), undefined, "it is not over");
    resolve([{ node: "a", what: "mount /b" }]);
    assert.equal(await heard, true);
    await ahead;
    assert.equal(readFileSync(report(), "utf8"), '{"residue":[{"node":"a","what":"mount /b"}]}\n');
  });

  it("that is over is heard of as well", async () => {
    await sweepAhead(report(), async () => []);
    assert.equal(await isSweptAhead(report()), true);
  });

  it("leaves it to the other one where it fails, or has no answer", async () => {
    for (const sweep of [() => Promise.reject(new Error("no cluster")), async () => undefined]) {
      const ahead = sweepAhead(report(), sweep);
      assert.equal(await isSweptAhead(report()), false);
      await ahead;
    }
  });

  it("is not waited for where its process is dead, or there never was one", async () => {
    writeFileSync(`${report()}.ahead`, JSON.stringify({ pid: process.pid, started: "1" }));
    assert.equal(await isSweptAhead(report()), false);
    rmSync(`${report()}.ahead`);
    assert.equal(await isSweptAhead(report()), false);
  });
});
