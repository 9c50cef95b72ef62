import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SHELL } from "./shell.ts";

const PROBE = join(import.meta.dirname, "..", "..", "probe");

describe("a pair's turn", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "turn-"));
    cpSync(PROBE, join(folder, "probe"), { recursive: true });
    mkdirSync(join(folder, "probe", "..data"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** How long turn.sh waits, where the pod's volumes were made so many seconds ago. */
  function waits(ago: number, turnSeconds: number): number {
    const made = Date.now() / 1000 - ago;
    utimesSync(join(folder, "probe", "..data"), made, made);
    const script = 'sleep() { echo "slept $1"; }; . "$0"';
    const { stdout, stderr, status } = spawnSync(
      SHELL.program,
      [...SHELL.args, "-c", script, join(folder, "probe", "turn.sh")],
      {
        encoding: "utf8",
        env: {
          PATH: process.env.PATH ?? "",
          RUN: "r",
          NODE: "n",
          PROBE_SECONDS: "2",
          FINDINGS: folder,
          TURN_SECONDS: String(turnSeconds),
        },
      },
    );
    assert.equal(status, 0, stderr);
    return Number(/^slept (\d+)$/m.exec(stdout)?.[1]);
  }

  it("counts from when the kubelet made the pod's volumes, however late this container is", () => {
    const late = waits(40, 100);
    assert.ok(late <= 60 && late > 50, `${late}`);
    const atOnce = waits(0, 100);
    assert.ok(atOnce <= 100 && atOnce > 90, `${atOnce}`);
  });

  it("is there where its time has gone by", () => assert.equal(waits(300, 100), 0));

  it("is never later than meant, where the clock was set back", () => assert.equal(waits(-3600, 100), 100));
});
