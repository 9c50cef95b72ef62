import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SHELL } from "./shell.ts";

const PROBE = join(import.meta.dirname, "..", "..", "probe");
/** How long it waits at once where it does not know when the base pair began, in seconds. */
const STEP = 5;

describe("a pair's turn", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "turn-"));
    cpSync(PROBE, join(folder, "probe"), { recursive: true });
    mkdirSync(join(folder, "probe", "..data"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** The base pair's producer of a run has begun so many seconds ago. */
  function baseBegan(ago: number, run = "r"): void {
    const [up = ""] = readFileSync("/proc/uptime", "utf8").split(" ");
    writeFileSync(join(folder, ".fuse-propagation-test.turns"), `${run} ${Math.round((Number(up) - ago) * 100)}\n`);
  }

  /** How long turn.sh pauses first, where the pod's volumes were made so many seconds ago; 0 where it does not. */
  function pauses(ago: number, turnSeconds: number): number {
    const made = Date.now() / 1000 - ago;
    utimesSync(join(folder, "probe", "..data"), made, made);
    // It is also asked whether it knows parts of a second.
    const script = `sleep() { case $1 in 0.*) ;; *) echo "slept $1"; kill $$ ;; esac; }; . "$0"`;
    const command = [...SHELL.args, "-c", script, join(folder, "probe", "turn.sh")];
    const { stdout, stderr, status } = spawnSync(SHELL.program, command, {
      encoding: "utf8",
      env: {
        PATH: process.env.PATH ?? "",
        RUN: "r",
        NODE: "n",
        PROBE_SECONDS: "2",
        BRIDGE: folder,
        POD: folder,
        FINDINGS: folder,
        TURN_SECONDS: String(turnSeconds),
      },
    });
    assert.equal(status, 0, stderr);
    return Number(/^slept (\d+)$/m.exec(stdout)?.[1] ?? 0);
  }
  const near = (seconds: number, expected: number) =>
    assert.ok(seconds <= expected && seconds > expected - 4, `${seconds}, and not ${expected}`);

  it("counts from when the base pair's producer began, whenever this pod was made", () => {
    baseBegan(40);
    near(pauses(0, 100), 60);
    near(pauses(80, 100), 60);
    assert.equal(pauses(0, 30), 0);
  });

  it("counts from when the kubelet made the pod's volumes, as long as the producer has not begun", () => {
    near(pauses(96, 100), 4);
    assert.equal(pauses(300, 100), 0);
    // It asks again soon.
    assert.equal(pauses(0, 100), STEP);
  });

  it("counts nothing from what another run has left, or an earlier one of the same name", () => {
    baseBegan(200, "another");
    assert.equal(pauses(0, 100), STEP);
    baseBegan(200);
    assert.equal(pauses(0, 100), STEP);
  });

  it("has come for a pod that takes another's place", () => {
    writeFileSync(join(folder, "annotations"), 'kubernetes.io/config.source="api"\n');
    assert.equal(pauses(0, 100), STEP);
    writeFileSync(join(folder, "annotations"), 'fuse-propagation-test/replaces="tidy 1-2"\n', { flag: "a" });
    assert.equal(pauses(0, 100), 0);
  });

  it("is never later than meant, where the clock was set back", () => assert.equal(pauses(-3600, 3), 3));
});
