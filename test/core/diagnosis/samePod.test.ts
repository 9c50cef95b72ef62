import assert from "node:assert/strict";
import { READERS } from "../../../core/contract/readers.ts";
import type { ProbeRecord } from "../../../core/contract/records.ts";
import type { SamePodWay } from "../../../core/contract/samePod.ts";
import { answered, deletionNow, scenarioVerdict } from "../../../core/diagnosis/answer.ts";
import { judge } from "../../../core/diagnosis/verdict.ts";
import type { Deletion, Evidence, SamePodFact } from "../../../core/evidence/evidence.ts";
import { evidence, mounted, record, running, sees, unseenByControl } from "../evidence/evidence.ts";

const nonceOf = (life: number) => `00000000-0000-4000-8000-00000000000${life}`;
const dead = (at: number) => READERS.map((role) => record(role, "read", "error", { uptime: at, errno: "ENOTCONN" }));
const reads = (at: number, life: number) =>
  READERS.map((role) => record(role, "read", "ok", { uptime: at, looked: String(at - 0.1), nonce: nonceOf(life) }));
/** The sidecar mounts, and its readers read that 0.3 s later. */
const comesBack = (at: number, life: number): ProbeRecord[] => [
  record("producer", "stale", "ok", { uptime: at - 0.2 }),
  record("producer", "mount", "ok", { uptime: at, absent_until: String(at - 0.1), mount: String(life) }),
  record("producer", "marker", "ok", { uptime: at, nonce: nonceOf(life) }),
  ...reads(at + 0.3, life),
];

const seen: ProbeRecord[] = [...mounted, unseenByControl, ...READERS.flatMap((role) => sees(role))];
const crash = [
  record("producer", "crash", "ok", { uptime: 2060, fault: "die", errno: "ENOTCONN" }),
  ...dead(2060.2),
  record("producer", "identity", "info", { uptime: 2061 }),
];
const oom = [
  ...dead(2066.4),
  record("producer", "identity", "info", { uptime: 2076 }),
  record("producer", "crash", "ok", { uptime: 2076.1, at: "2066", fault: "oom", errno: "ENOTCONN" }),
];
const rests = record("producer", "inspect", "info", { uptime: 2078 });
const first: ProbeRecord[] = [...seen, ...crash, ...comesBack(2062, 2), ...oom, ...comesBack(2077, 3), rests];
const follows = (way: SamePodWay, at: number, life: number, sentinel: "ok" | "error" = "ok"): ProbeRecord[] => [
  record("producer", "replaced", "info", { uptime: at, way, replaces: "u", mounts: "0" }),
  record("producer", "sentinel", sentinel, { uptime: at + 0.1 }),
  ...comesBack(at + 1, life),
  record("producer", "inspect", "info", { uptime: at + 2 }),
];
const tidy: Deletion = { way: "tidy", gone: true, waitedMs: 1800 };
const untidy: Deletion = { way: "untidy", gone: false, waitedMs: 15_200, taken: ["unmounted /bridge/same-pod/window"] };
const all = [...first, ...follows("tidy", 2090, 4), ...follows("untidy", 2120, 5)];

const given = (records: readonly ProbeRecord[], samePod: Partial<SamePodFact> = {}, final = false): Evidence =>
  evidence({
    scenario: "same-pod",
    records,
    samePod: { deletions: [tidy, untidy], outOfMemory: true, ...samePod },
    pods: [running("producer", ["fuse-sidecar"]), running("consumer", ["fuse-control", "fuse-consumer"])],
    final,
  });
const judged = (of: Evidence) => {
  const verdict = judge(of);
  assert.ok(verdict, "no verdict yet");
  return verdict;
};
const found = (...of: Parameters<typeof given>) => scenarioVerdict("same-pod", judged(given(...of)));
const next = (of: Evidence) => deletionNow(judged(of), of);

describe("a daemon that is a sidecar of its readers' pod", () => {
  it("holds where readers are back each time, the pod goes, and its files are whole", () => {
    const { asExpected, finding, samePod } = found(all);
    assert.equal(asExpected, true, finding);
    assert.match(finding, /^The application sees the mount/);
    assert.deepEqual(
      samePod?.revivals.map(({ after, readers }) => [after, readers.default?.backMs, readers.default?.errno]),
      [
        ["crash", 300, "ENOTCONN"],
        ["oom", 300, "ENOTCONN"],
      ],
    );
    assert.deepEqual(
      samePod?.deletions.map(({ way, sentinel }) => [way, sentinel]),
      [
        ["tidy", "there"],
        ["untidy", "there"],
      ],
    );
  });

  it("holds all the same where one that leaves its mount keeps its pod, and says so", () => {
    assert.match(found(all).finding, /leaves its pod Terminating here \(15 s, until/);
    const { asExpected, finding } = found(all, { deletions: [tidy, { ...untidy, gone: true }] });
    assert.deepEqual([asExpected, finding.includes("Terminating")], [true, false]);
  });

  const fails: Readonly<Record<string, readonly [Parameters<typeof given>, RegExp]>> = {
    "its readers do not come back after its crash": [
      [[...seen, ...crash, ...comesBack(2062, 2).filter(({ role }) => role === "producer"), ...dead(2065.5), ...oom]],
      /do not come back after the sidecar's crash/,
    ],
    "its readers do not come back after its end by memory": [
      [[...first.filter(({ role, uptime }) => role === "producer" || uptime < 2077), ...dead(2081)]],
      /do not come back after the sidecar's end by the out-of-memory killer/,
    ],
    "its pod does not go although it has unmounted": [
      [all, { deletions: [{ ...tidy, gone: false, taken: ["unmounted /bridge/window/fuse"] }, untidy] }],
      /stays Terminating, although/,
    ],
    "its files are gone": [
      [[...first, ...follows("tidy", 2090, 4), ...follows("untidy", 2120, 5, "error")]],
      /own files were removed/,
    ],
  };
  for (const [what, [[records, samePod], words]] of Object.entries(fails))
    it(`does not hold where ${what}`, () => {
      const { asExpected, finding } = found(records, samePod, true);
      assert.equal(asExpected, false);
      assert.match(finding, words);
      assert.ok(!finding.startsWith("Not answered"));
    });

  const open: Readonly<Record<string, Parameters<typeof given>>> = {
    "it did not run out of memory": [all, { outOfMemory: undefined as never }],
    "it did not come back from its end by memory": [[...seen, ...crash, ...comesBack(2062, 2), ...oom]],
    "it could not run out of memory": [
      [
        ...seen,
        ...crash,
        ...comesBack(2062, 2),
        record("producer", "crash", "error", { uptime: 2067, fault: "oom", detail: "no" }),
      ],
    ],
    "its pod is slow to go, and nothing keeps it": [all, { deletions: [{ ...tidy, gone: false, taken: [] }, untidy] }],
    "its pod could not be deleted": [first, { deletions: [], refused: "HTTP 403" }],
    "its pod was not made again": [[...first, ...follows("tidy", 2090, 4)]],
  };
  for (const [what, [records, samePod]] of Object.entries(open))
    it(`has no answer where ${what}`, () => {
      const { asExpected, finding } = found(records, samePod, true);
      assert.equal(asExpected, false);
      assert.match(finding, /^Not answered: /);
    });

  it("has its pod deleted in order first, then while it leaves its mount, each time that all is read", () => {
    assert.equal(next(given([...seen, ...crash, ...comesBack(2062, 2)])), undefined);
    assert.equal(next(given(first)), "tidy");
    // What the next pod says again of the one before counts once.
    const reported = [...first, ...follows("tidy", 2090, 4)];
    assert.equal(next(given([...reported, ...reported])), "untidy");
    assert.equal(next(given([...all, ...all])), undefined);
    assert.equal(next(given(first, { refused: "HTTP 403" })), undefined);
    assert.equal(next(given(first.filter(({ role, uptime }) => role !== "hardened" || uptime < 2077))), undefined);
  });

  it("has answered when that is over, or was refused, or can come no more", () => {
    const over = (...of: Parameters<typeof given>) => answered(judged(given(...of)), given(...of), ["same-pod"]);
    assert.equal(over(first), false);
    assert.equal(over([...first, ...follows("tidy", 2090, 4)]), false);
    assert.equal(over([...all, ...all]), true);
    assert.equal(over(first, { refused: "HTTP 403" }), true);
    const failed = record("producer", "mount", "error", { uptime: 2091, detail: "no" });
    assert.equal(over([...first, failed]), true);
  });
});
