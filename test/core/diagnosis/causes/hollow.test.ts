/** What the control has seen voids a run only while a reader still waits: whether one does is known once both have decided. */
import assert from "node:assert/strict";
import { READERS } from "../../../../core/contract/readers.ts";
import type { ProbeRecord } from "../../../../core/contract/records.ts";
import { judge } from "../../../../core/diagnosis/verdict.ts";
import { evidence, mounted, NONCE, record } from "../../evidence/evidence.ts";
import { podsWith } from "./pods.ts";

const starts = READERS.map((role) => record(role, "start", "info", { uptime: 2055, propagation: "master:1" }));
const missed = READERS.map((role) => record(role, "read", "error", { uptime: 2058, errno: "ENOENT", fstype: "tmpfs" }));
const controlStart = record("control", "start", "info", { uptime: 2055, fuse_at_start: "no" });
const seen = record("control", "control", "error", { uptime: 2090, kind: "seen", nonce: NONCE });
const common = [...mounted, ...starts, ...missed, controlStart, seen];
const gaveUp = (role: (typeof READERS)[number], uptime: number) => record(role, "verdict", "error", { uptime });

describe("a control that sees the marker when one reader has given up", () => {
  const cases: readonly [what: string, cause: string | undefined, ProbeRecord[]][] = [
    ["and the other has not recorded it yet", undefined, [gaveUp("default", 2087)]],
    ["and the other waited longer", "hollow-success", [gaveUp("default", 2087), gaveUp("hardened", 2095)]],
    ["and the other had given up, too", "unknown", [gaveUp("default", 2087), gaveUp("hardened", 2088)]],
  ];
  for (const [what, cause, verdicts] of cases)
    it(`${cause ?? "none yet"}: ${what}`, () =>
      assert.equal(judge(evidence({ pods: podsWith({}), records: [...common, ...verdicts] }))?.cause, cause));
});

describe("a marker of a life that ended before it could record its own", () => {
  const started = (uptime: number) => record("producer", "daemon", "info", { uptime });
  const marker = record("producer", "marker", "ok", { uptime: 2060, nonce: NONCE });
  const end = record("producer", "inspect", "info", { uptime: 2090 });
  const read = record("default", "verdict", "ok", { uptime: 2058, nonce: "0ddba11d" });
  const cases: readonly [what: string, cause: string | undefined, ProbeRecord[]][] = [
    ["is not foreign for all that is known", undefined, [started(2056), started(2059)]],
    ["is foreign where there was no such life", "hollow-success", [started(2056)]],
  ];
  for (const [what, cause, lives] of cases)
    it(`${cause ?? "none yet"}: ${what}`, () => {
      const records = [...starts, controlStart, ...lives, marker, read, end];
      assert.equal(judge(evidence({ pods: podsWith({}), records }))?.cause, cause);
    });
});

describe("a marker that is read where the daemon mounted, and went into the background", () => {
  const of = (device: string) =>
    `387 311 ${device} / /bridge/fuse rw master:38 - fuse.rclone /tmp/source rw,allow_other`;
  const left = record("producer", "mount", "error", { uptime: 2057, detail: "", mountinfo: of("0:155") });
  const doubts = (device: string) =>
    READERS.map((role) => record(role, "doubt", "error", { uptime: 2058, kind: "hollow", mountinfo: of(device) }));
  const cases: readonly [what: string, cause: string, ProbeRecord[]][] = [
    ["and comes through that mount", "producer-never-mounted", doubts("0:155")],
    ["and comes through another", "hollow-success", doubts("0:156")],
  ];
  for (const [what, cause, found] of cases)
    it(`${cause}: ${what}`, () => {
      const gone = READERS.map((role) => gaveUp(role, 2087));
      const records = [...starts, ...missed, controlStart, left, ...found, ...gone];
      assert.equal(judge(evidence({ pods: podsWith({}), records }))?.cause, cause);
    });
});
