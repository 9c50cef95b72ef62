import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseRecord } from "../../core/evidence.ts";
import { judge } from "../../core/verdict.ts";
import { evidence } from "../core/evidence.ts";

const PROBE = join(import.meta.dirname, "..", "..", "probe");
const MARKER = "run=r nonce=ccf6d907-3f62-401b-b093-0358ca26b7d9\n";

/** Runs the consumer on a plain directory for its whole window. */
function consume(bridge: string, role: string): Promise<string> {
  const child = spawn("busybox", ["ash", join(PROBE, "consumer.sh")], {
    stdio: ["ignore", "pipe", "ignore"],
    env: {
      PATH: process.env.PATH ?? "",
      RUN: "r",
      NODE: "n",
      ROLE: role,
      BRIDGE: bridge,
      FINDINGS: bridge,
      PROBE_SECONDS: "1",
      MARKER_WAIT_SECONDS: "1",
      // Long enough that one slow look on a busy machine cannot skip the second in which it must decide.
      INSPECT_SECONDS: "4",
      WATCH_SECONDS: "9",
    },
  });
  return text(child.stdout);
}

const recordsOf = (log: string) => log.split("\n").flatMap((line) => parseRecord(line) ?? []);

describe("consumer", () => {
  const folders: string[] = [];
  const bridge = (marker?: string): string => {
    const folder = mkdtempSync(join(tmpdir(), "bridge-"));
    folders.push(folder);
    mkdirSync(join(folder, "fuse"));
    if (marker) writeFileSync(join(folder, "fuse", "marker"), marker);
    return folder;
  };
  let logs: { readonly empty: string; readonly hollow: string; readonly control: string };
  before(async () => {
    // Each takes its whole window, so they run side by side.
    const [empty, hollow, control] = await Promise.all([
      consume(bridge(), "default"),
      consume(bridge(MARKER), "default"),
      consume(bridge(MARKER), "control"),
    ]);
    logs = { empty, hollow, control };
  });
  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  it("says exactly the mission's line when the marker never appears", () => {
    assert.ok(logs.empty.split("\n").includes("ERROR: Producer marker never appeared after 1 seconds!"), logs.empty);
    assert.ok(recordsOf(logs.empty).some(({ step, errno }) => step === "read" && errno === "ENOENT"));
  });

  it("never says SUCCESS for a plain file in the bridge, even with this run's own words in it", () => {
    assert.ok(!logs.hollow.includes("SUCCESS"), logs.hollow);
    assert.ok(logs.hollow.includes("ERROR: Producer marker never appeared after 1 seconds!"), logs.hollow);
  });

  it("leaves evidence that a plain file is hollow, which is judged so", () => {
    assert.equal(judge(evidence({ records: recordsOf(logs.hollow) }))?.cause, "hollow-success");
  });

  it("tells the readers of its pod what the control sees", () => {
    const told = recordsOf(logs.control).filter(({ step }) => step === "control");
    assert.deepEqual(
      told.map(({ kind }) => kind),
      ["late"],
    );
  });
});
