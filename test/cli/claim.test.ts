import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { claim, claimMade, release } from "../../cli/claim.ts";

describe("the claim of a stack", () => {
  let folder: string;
  let file: string;
  const made = { kind: "cluster" as const, settings: { context: "a", bridge: "/tmp/x" } };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "claim-"));
    file = join(folder, "runs", "homelab.json");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** As another process would have left it. */
  const of = (pid: number, more: object = {}) =>
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), pid, ...more }));

  it("gives what a run that was killed had made, also to the second that comes after it", async () => {
    assert.equal(claim(file, "homelab"), undefined);
    claimMade(file, made);
    const child = spawn(process.execPath, ["-e", ""], { stdio: "ignore" });
    const pid = child.pid as number;
    await once(child, "close");
    of(pid);
    assert.deepEqual(claim(file, "homelab"), made);
    of(pid);
    assert.deepEqual(claim(file, "homelab"), made);
    release(file);
    assert.equal(existsSync(file), false);
  });

  it("is refused while the process that has it lives, with its id", () => {
    claim(file, "homelab");
    // Without a start time, as where there is no /proc, the id alone tells.
    of(process.ppid, { started: undefined });
    assert.throws(() => claim(file, "homelab"), new RegExp(`stack homelab runs as process ${process.ppid}$`));
  });

  it("is free where the id belongs to another process by now", () => {
    claim(file, "homelab");
    of(process.ppid, { started: "1" });
    assert.equal(claim(file, "homelab"), undefined);
  });

  it("is free where its file is torn", () => {
    claim(file, "homelab");
    writeFileSync(file, "{");
    assert.equal(claim(file, "homelab"), undefined);
  });
});
