/** A producer whose container dies while the question is open: what was read before counts, and its log may come last. */
import assert from "node:assert/strict";
import { READERS } from "../../../../core/contract/readers.ts";
import { judge } from "../../../../core/diagnosis/verdict.ts";
import type { Evidence } from "../../../../core/evidence/evidence.ts";
import { evidence, misses, mounted, record, sees, unseenByControl } from "../../evidence/evidence.ts";
import { made, podsWith } from "./pods.ts";

const FUSE = "387 311 0:155 / /bridge/fuse rw,relatime master:38 - fuse.rclone /tmp/source rw,allow_other";
const killed = {
  phase: "Failed",
  containers: [{ name: "fuse-producer", state: "terminated", reason: "OOMKilled", message: "", exitCode: 137 }],
} as const;
const dead = (role: (typeof READERS)[number]) =>
  record(role, "read", "error", { uptime: 2059, looked: "2058.9", errno: "ENOTCONN", mountinfo: FUSE });
const start = (role: (typeof READERS)[number]) =>
  record(role, "start", "info", { uptime: 2055, propagation: "master:1" });

describe("a producer that is killed after its marker", () => {
  const seen = [...mounted, unseenByControl, ...sees("hardened"), dead("hardened")];
  const cases: readonly [what: string, cause: string | undefined, Partial<Evidence>][] = [
    ["while a reader's log has not come so far", undefined, { records: [...seen, start("default")] }],
    ["after a SUCCESS that comes later", "success", { records: [...seen, ...sees("default"), dead("default")] }],
    ["before a reader had read it", "daemon-killed", { records: [...seen, start("default"), dead("default")] }],
    ["when the time is over, and a reader's log never came", "daemon-killed", { records: seen, final: true }],
  ];
  for (const [what, cause, more] of cases)
    it(`${cause ?? "none yet"}: ${what}`, () =>
      assert.equal(judge(evidence({ pods: podsWith(killed), ...more }))?.cause, cause));
});

describe("a producer whose next life finds somebody else's mount", () => {
  const inUse = record("producer", "in-use", "error", { uptime: 2064, errno: "UNKNOWN", detail: "it lives" });
  const found = [...mounted, unseenByControl, ...READERS.map(start), inUse];
  const lives = (uptime: number) => record("producer", "identity", "info", { uptime });
  const begun = record("producer", "daemon", "info", { uptime: 2056 });
  const again = [lives(2063), inUse];
  const running = { name: "fuse-producer", state: "running", reason: "", message: "", restarts: 1 } as const;
  const started = podsWith({ containers: [running] });
  const sandbox = podsWith({}, { spec: made("consumer", { runtimeClassName: "kata" }) });
  const cases: readonly [what: string, cause: string | undefined, Partial<Evidence>][] = [
    ["over a mount that readers may have read", undefined, { records: found }],
    ["over a mount that they read", "success", { records: [...found, ...READERS.flatMap((role) => sees(role))] }],
    ["over a mount that they did not read", "unknown", { records: [...found, ...READERS.flatMap(misses)] }],
    [
      "over a mount that their sandbox kept from them",
      "sandboxed-runtime",
      { pods: sandbox, records: [...found, ...READERS.flatMap(misses)] },
    ],
    ["where it had mounted nothing", "bridge-in-use", { records: [inUse] }],
    [
      "over a mount that it had no time to tell of",
      "unknown",
      { records: [lives(2055), begun, ...again], final: true },
    ],
    ["and its first life has not recorded", undefined, { pods: started, records: again }],
    ["and its first life never told", "unknown", { pods: started, records: again, final: true }],
    ["as its first life did", "bridge-in-use", { pods: started, records: [lives(2055), ...again] }],
  ];
  for (const [what, cause, more] of cases)
    it(`${cause ?? "none yet"}: ${what}`, () =>
      assert.equal(judge(evidence({ pods: podsWith({}), ...more }))?.cause, cause));
});

describe("a producer whose next life's volume has the number that its first life's had as a parent", () => {
  const volume = (line: string, uptime: number) =>
    record("producer", "preflight", "ok", {
      uptime,
      propagation: "shared:1",
      mountinfo: `${line} rw - ext4 /dev/vda rw`,
    });
  const mount = (line: string, uptime: number) =>
    record("producer", "mount", "ok", {
      uptime,
      propagation: "shared:4",
      mountinfo: `${line} rw - fuse.rclone /tmp/source rw`,
    });
  const missed = READERS.flatMap((role) => [start(role), ...misses(role)]);
  const cases: readonly [what: string, cause: string | undefined, Partial<Evidence>][] = [
    [
      "both mounted below their volume",
      undefined,
      {
        records: [
          ...missed,
          volume("29 28 0:40 /tmp/bridge /bridge", 2055),
          mount("22 29 0:60 / /bridge/fuse", 2057),
          volume("28 22 0:40 /tmp/bridge /bridge", 2060),
          mount("27 28 0:60 / /bridge/fuse", 2061),
        ],
      },
    ],
    [
      "the next one mounted beside it",
      "peer-group-destroyed",
      {
        records: [
          ...missed,
          volume("29 28 0:40 /tmp/bridge /bridge", 2055),
          mount("30 29 0:60 / /bridge/fuse", 2057),
          volume("31 22 0:40 /tmp/bridge /bridge", 2060),
          mount("27 22 0:60 / /bridge/fuse", 2061),
        ],
      },
    ],
  ];
  for (const [what, cause, more] of cases)
    it(`${cause ?? "none yet"}: ${what}`, () =>
      assert.equal(judge(evidence({ pods: podsWith({}), ...more }))?.cause, cause));
});
