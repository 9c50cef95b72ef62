import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DRIVER_IDS, driverOf } from "../../core/contract/drivers.ts";
import { driverPackages } from "../../sandbox/build/drivers.ts";
import { runPiece } from "./shell.ts";

/** Runs a piece of shell with some of the probe's files, in the shell that most images have. */
function shell(files: readonly string[], script: string, environment: Record<string, string> = {}): string {
  const { stdout, stderr } = runPiece(files, script, { environment });
  assert.equal(stderr, "");
  return stdout.trim();
}

describe("drivers", () => {
  const folder = mkdtempSync(join(tmpdir(), "drivers-"));
  const programs = join(folder, "bin");
  const source = join(folder, "source");
  before(() => {
    mkdirSync(programs);
    // In the place of the daemons: they say how they were called.
    for (const name of Object.values(driverPackages).flatMap((one) => one.programs.map((path) => basename(path))))
      writeFileSync(join(programs, name), '#!/bin/sh\necho "$(basename "$0")" "$@"\n', { mode: 0o755 });
  });
  after(() => rmSync(folder, { recursive: true }));
  const started = (driver: string, others: string, environment: Record<string, string> = {}) => {
    const script = `driver_start /m ${source} ${others}`;
    const path = `${programs}:${process.env.PATH}`;
    return shell([`driver-${driver}.sh`], script, { PATH: path, ...environment }).split("\n");
  };

  for (const driver of DRIVER_IDS)
    it(`${driver} has a file of its own, which says its version in one line`, () => {
      const environment = { PATH: `${programs}:${process.env.PATH}`, COMMAND: "exec my-daemon --password secret" };
      const said = shell([`driver-${driver}.sh`], "driver_says", environment);
      assert.match(said, /^.+$/);
      assert.doesNotMatch(said, /secret/, "a command may hold a password, and the log is for everyone");
    });

  for (const driver of DRIVER_IDS.filter((name) => name !== "command"))
    it(`${driver} serves its source at the mount point, to others unless it is told not to`, () => {
      const served = driverOf(driver).archive ? `${source}.squashfs` : source;
      const [with_, without] = [started(driver, "allow").at(-1) ?? "", started(driver, "only").at(-1) ?? ""];
      for (const call of [with_, without]) {
        assert.ok(call.startsWith(`${driver} `), call);
        assert.ok(` ${call} `.includes(` ${served} /m `), call);
      }
      assert.match(with_, / (--allow-other|-o allow_other)( |$)/);
      assert.doesNotMatch(without, / (--allow-other|-o allow_other)( |$)/);
      assert.ok(existsSync(source));
    });

  it("squashfuse packs its source first, and ends where that fails", () => {
    assert.match(started("squashfuse", "allow")[0] ?? "", new RegExp(`^mksquashfs ${source} ${source}.squashfs `));
    const failing = `mksquashfs() { return 3; }; (driver_start /m ${source}); echo $?`;
    assert.equal(shell(["driver-squashfuse.sh"], failing), "3");
  });

  for (const [others, allowed] of [
    ["allow", "yes"],
    ["only", "no"],
  ] as const)
    it(`command runs in sh, told where to mount, what to serve, and others: ${allowed}`, () => {
      const command = 'echo "$MOUNT $SOURCE $ALLOW_OTHER"; test -d "$SOURCE" && echo made';
      assert.deepEqual(started("command", others, { COMMAND: command }), [`/m ${source} ${allowed}`, "made"]);
    });

  describe("a marker that the daemon's file system holds", () => {
    const bridge = join(folder, "bridge");
    const scratch = join(folder, "scratch");
    const read = `read_marker ${scratch}; echo "$errno|$out"`;
    const marker = (content: string | Buffer) => {
      mkdirSync(join(bridge, "fuse", "a"), { recursive: true });
      writeFileSync(join(bridge, "fuse", "a", "b"), content);
      return shell([], read, { BRIDGE: bridge, FINDINGS: folder, MARKER_FILE: "a/b" });
    };
    const digest = (content: string | Buffer) => createHash("md5").update(content).digest("hex");

    it("is named by its digest, in the form of a written one", () => {
      assert.equal(marker("v1\n"), `|run=r nonce=${digest("v1\n")}`);
    });

    it("is read no further than 64 KiB, whatever is in it", () => {
      const film = randomBytes(100_000);
      assert.equal(marker(film), `|run=r nonce=${digest(film.subarray(0, 65_536))}`);
    });

    it("proves nothing when it is empty", () => {
      assert.match(marker(""), /^UNKNOWN\|.*is empty/);
    });

    it("is missed with the file system's own error", () => {
      const said = shell([], read, { BRIDGE: bridge, FINDINGS: folder, MARKER_FILE: "nothing" });
      assert.match(said, /^ENOENT\|.*nothing/);
    });
  });

  it("a process is known with everything it has started, and nothing else", async () => {
    const child = spawn("sh", ["-c", "sh -c 'sleep 30; :' & sleep 30 & echo ready; wait"]);
    const other = spawn("sleep", ["30"]);
    await new Promise((resolve) => child.stdout.once("data", resolve));
    // The inner shell may need a moment to start its own child, and longer on a busy machine.
    let family: string[] = [];
    for (const end = performance.now() + 20_000; performance.now() < end && family.length < 4; await delay(20))
      family = shell([], `family ${child.pid}`).split("\n");
    for (const pid of [...family, other.pid]) process.kill(Number(pid), "SIGKILL");
    assert.equal(family.length, 4, "two shells and two sleeps");
    assert.ok(family.includes(String(child.pid)));
    assert.ok(!family.includes(String(other.pid)));
  });
});
