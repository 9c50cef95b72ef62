import assert from "node:assert/strict";
import { READERS } from "../../../core/contract/readers.ts";
import type { ProbeRecord } from "../../../core/contract/records.ts";
import { GRADED, type ReplacementWay } from "../../../core/contract/replacement.ts";
import { wayNow } from "../../../core/diagnosis/answer.ts";
import { replacementsOf } from "../../../core/diagnosis/replacements.ts";
import { judge, settled } from "../../../core/diagnosis/verdict.ts";
import { believed, type Evidence, type Replacing } from "../../../core/evidence/evidence.ts";
import { altered, evidence, mounted, record, sees, unseenByControl } from "../evidence/evidence.ts";

const nonceOf = (generation: number) => `00000000-0000-4000-8000-00000000000${generation}`;

/** A run up to the third mount, which is left for inspection and which both readers read. */
const inspected: ProbeRecord[] = [
  ...mounted,
  unseenByControl,
  ...READERS.flatMap((role) => sees(role)),
  record("producer", "crash", "ok", { uptime: 2060, errno: "ENOTCONN" }),
  ...READERS.map((role) => record(role, "read", "error", { uptime: 2060.1, errno: "ENOTCONN" })),
  record("producer", "clean", "ok", { uptime: 2062 }),
  record("producer", "mount", "ok", { uptime: 2062.1, mount: "2" }),
  record("producer", "marker", "ok", { uptime: 2062.1, nonce: nonceOf(2) }),
  ...READERS.flatMap((role) => [
    record(role, "read", "ok", { uptime: 2062.3, looked: "2062.2", nonce: nonceOf(2) }),
    record(role, "held", "error", { uptime: 2062.4, errno: "ENOTCONN" }),
  ]),
  record("producer", "unmount-in-order", "ok", { uptime: 2066 }),
  record("producer", "mount", "ok", { uptime: 2066.1, mount: "3" }),
  record("producer", "marker", "ok", { uptime: 2066.1, nonce: nonceOf(3) }),
  ...READERS.map((role) =>
    record(role, "read", "ok", { uptime: 2066.3, looked: "2066.2", nonce: nonceOf(3), table: "30" }),
  ),
  record("producer", "inspect", "info", { uptime: 2066.5 }),
];

const line = (device: number) =>
  `400 311 0:${device} / /bridge/fuse rw master:38 - fuse.rclone /tmp/source rw,allow_other`;

/** The pod's successor: it mounts two seconds after it began, and readers read it 0.1 s later. */
const successor = (way: ReplacementWay, from: number, generation: number, left = "0"): ProbeRecord[] => [
  record("producer", "replaced", "info", { uptime: from, way, replaces: "u", mounts: left }),
  record("producer", "mount", "ok", {
    uptime: from + 2,
    absent_until: String(from + 1.9),
    mount: String(generation),
    mountinfo: line(160 + generation),
  }),
  record("producer", "marker", "ok", { uptime: from + 2, nonce: nonceOf(generation) }),
  record("producer", "inspect", "info", { uptime: from + 2.2 }),
];
const back = (from: number, generation: number, table = "30") =>
  READERS.flatMap((role) => [
    record(role, "read", "error", { uptime: from - 0.5, looked: String(from - 0.6), errno: "ENOENT" }),
    record(role, "read", "ok", {
      uptime: from + 2.1,
      looked: String(from + 2.05),
      nonce: nonceOf(generation),
      table,
    }),
  ]);
const replaced = (way: ReplacementWay, from: number, generation: number, table = "30") => [
  ...successor(way, from, generation),
  ...back(from, generation, table),
];
const both = [...replaced("deleted", 2070, 4), ...replaced("forced", 2080, 5)];

const asked: Replacing = { ways: GRADED };
const given = (records: readonly ProbeRecord[], replacing: Replacing | undefined = asked): Evidence =>
  evidence({ records: [...inspected, ...records], ...(replacing ? { replacing } : {}) });
const judged = (of: Evidence) => {
  const verdict = judge(of);
  assert.ok(verdict);
  assert.equal(verdict.verdict, "success");
  return verdict;
};

describe("a pod that takes the producer's place", () => {
  it("is reported with what each reader saw meanwhile, in milliseconds of the node's own clock", () => {
    const [first] = replacementsOf(believed(given([...replaced("deleted", 2070, 4, "31")])), READERS);
    const reader = { errno: "ENOENT", outageMs: 2600, backMs: 100, mountsAdded: 1 };
    assert.deepEqual(first, {
      way: "deleted",
      left: 0,
      mounted: true,
      readers: { default: reader, hardened: reader },
    });
  });

  it("is not reported where no pod said so", () => assert.deepEqual(replacementsOf(given([]), READERS), []));

  it("is known by the newest log alone: what is read twice counts once", () => {
    const { timings, grade } = judged(given([...both, ...both]));
    assert.deepEqual([timings.replacements.length, grade], [2, "A"]);
  });

  it("reads the same file of a daemon's own by the time of the look, not by its nonce", () => {
    const records = [...inspected, ...both].map((one) =>
      "nonce" in one && one.nonce !== undefined ? altered(one, { nonce: nonceOf(1) }) : one,
    );
    const [first] = replacementsOf(believed(evidence({ records })), READERS);
    assert.equal(first?.readers.default?.backMs, 100);
  });
});

describe("a look that began before the new mount", () => {
  const inFlight = inspected.concat(
    replaced("deleted", 2070, 4).map((one) =>
      one.step === "read" && one.result === "ok" ? altered(one, { looked: "2071.8" }) : one,
    ),
  );
  const backMs = (records: readonly ProbeRecord[]) =>
    replacementsOf(believed(evidence({ records })), READERS)[0]?.readers.default?.backMs;

  it("has read it all the same, as the new nonce tells", () => assert.equal(backMs(inFlight), 100));

  const same = inFlight.map((one) => ("nonce" in one && one.nonce ? altered(one, { nonce: nonceOf(1) }) : one));

  it("has read it, too, where it had met the end of the mount before", () => assert.equal(backMs(same), 100));

  it("may have read the mount before, where both hold the same file of the daemon's own", () => {
    const unbroken = same.filter((one) => !(one.step === "read" && one.result === "error" && one.uptime > 2066));
    assert.equal(backMs(unbroken), undefined);
  });
});

describe("the grade of a pod that is replaced", () => {
  const lost = (role: (typeof READERS)[number], how: "blind" | "restarted" | "silent") =>
    both.flatMap((one) => {
      if (one.role !== role || one.uptime < 2080) return [one];
      if (how === "silent") return [];
      if (how === "restarted") return [record(role, "start", "info", { uptime: 2081 }), one];
      return [record(role, "look", "error", { uptime: 2086, looked: "2085.5", errno: "ENOENT" })];
    });
  /** Readers whose looks at the second successor's marker fail, at a mount of this device. */
  const meets = (errno: "ENOTCONN" | "ENOENT", device: number, ...by: readonly (typeof READERS)[number][]) => [
    ...[...inspected, ...both].filter((one) => !(by.includes(one.role as "default") && one.uptime > 2080)),
    ...by.flatMap((role) => [
      record(role, "read", "error", { uptime: 2081, looked: "2080.9", errno, mountinfo: line(164) }),
      record(role, "look", "error", { uptime: 2086, looked: "2085.5", errno, mountinfo: line(device) }),
    ]),
  ];
  const ofBoth = (records: readonly ProbeRecord[]) => evidence({ records, replacing: asked });
  const cases: readonly (readonly [what: string, grade: "A" | "B" | undefined, over: boolean, evidence: Evidence])[] = [
    ["both ways survived", "A", true, given(both)],
    ["not asked at all, as of a scenario's own pair", "A", true, evidence({ records: inspected })],
    ["left out by whoever chose the scenarios", undefined, true, given([], { ways: [] })],
    ["one way still to come", undefined, false, given(replaced("deleted", 2070, 4))],
    [
      "a last mount still to come, since the one before was taken away in order",
      undefined,
      false,
      evidence({
        records: [
          ...inspected.filter(({ uptime }) => uptime <= 2066),
          ...READERS.flatMap((role) => [
            record(role, "held", "ok", { uptime: 2058 }),
            record(role, "read", "error", { uptime: 2066.05, looked: "2066.02", errno: "ENOENT" }),
          ]),
        ],
        replacing: asked,
      }),
    ],
    ["a right that is missing", undefined, true, given([], { ...asked, refused: "HTTP 403" })],
    ["a reader that does not come back", "B", true, given(lost("default", "blind"))],
    ["a reader that has the dead mount of the pod before", "B", true, ofBoth(meets("ENOTCONN", 164, "default"))],
    [
      "a reader that has received the new mount, whose daemon died",
      undefined,
      true,
      ofBoth(meets("ENOTCONN", 165, "default")),
    ],
    [
      "readers whose mount was taken away before they had looked for long",
      undefined,
      true,
      ofBoth([...meets("ENOENT", 164, ...READERS), record("producer", "finish", "info", { uptime: 2083 })]),
    ],
    [
      "a reader that is not back, beside one that has said nothing since",
      undefined,
      false,
      ofBoth(meets("ENOTCONN", 164, "default").filter(({ role, uptime }) => role !== "hardened" || uptime < 2080)),
    ],
    ["a reader that was restarted", "B", true, given(lost("hardened", "restarted"))],
    ["a reader that said nothing since", undefined, false, given(lost("hardened", "silent"))],
    [
      "a way that is not the node's to bear",
      "A",
      true,
      given(both, { ways: [...GRADED, "kubelet"], unasked: { kubelet: "not ours" } }),
    ],
    ["a restart of the kubelet still to come", "A", false, given(both, { ways: [...GRADED, "kubelet"] })],
    [
      "a successor that cannot mount",
      undefined,
      true,
      given([
        record("producer", "replaced", "info", { uptime: 2070, way: "deleted", replaces: "u", mounts: "1" }),
        record("producer", "mount", "error", { uptime: 2072, errno: "ENOTCONN", detail: "in the way" }),
      ]),
    ],
  ];
  for (const [what, grade, over, of] of cases)
    it(`${what}: ${grade ?? "none"}${over ? "" : ", not yet settled"}`, () => {
      const verdict = judged(of);
      assert.deepEqual([verdict.grade, settled(verdict, of.replacing)], [grade, over]);
    });

  it("says what is not known where there is none", () => {
    assert.match(judged(given([], { ways: [] })).decision.nextStep, /when the daemon's pod is replaced/);
    const ids = (of: Evidence) => judged(of).notes?.map(({ id }) => id);
    assert.deepEqual(ids(given([], { ...asked, refused: "HTTP 403" })), ["producer-not-replaced"]);
    assert.deepEqual(ids(given(both, { ...asked, unasked: { kubelet: "not ours" } })), ["not-asked"]);
    assert.deepEqual(ids(given([...replaced("deleted", 2070, 4, "33")])), ["mounts-pile-up"]);
  });
});

describe("the time to replace a pod", () => {
  const now = (of: Evidence) => wayNow(judged(of), believed(of), []);

  it("has come when its schedule is over and each reader reads what it has left", () => {
    assert.equal(now(given([])), "deleted");
    assert.equal(now(given(replaced("deleted", 2070, 4))), "forced");
    assert.equal(now(given(both)), undefined);
  });

  it("has not come while the producer is at work, or a reader has not looked", () => {
    const without = (drop: (one: ProbeRecord) => boolean) => given([], asked).records.filter((one) => !drop(one));
    const busy = evidence({ records: without(({ step }) => step === "inspect"), replacing: asked });
    assert.equal(now(busy), undefined);
    const blind = evidence({
      records: without((one) => one.role === "hardened" && one.uptime > 2066 && one.step === "read"),
      replacing: asked,
    });
    assert.equal(now(blind), undefined);
  });

  it("has not come while a reader has not reported what it saw of the last one, whose file is the same in every mount", () => {
    const same = (records: readonly ProbeRecord[]) =>
      given([])
        .records.concat(records)
        .map((one) => ("nonce" in one && one.nonce ? altered(one, { nonce: nonceOf(1) }) : one));
    const of = (records: readonly ProbeRecord[]) => evidence({ records: same(records), replacing: asked });
    assert.equal(now(of(successor("deleted", 2070, 4))), undefined);
    assert.equal(now(of(replaced("deleted", 2070, 4))), "forced");
  });

  it("never comes where the daemon is not back, or a reader does not read its last mount: nothing waits for it", () => {
    const dead = inspected.filter(({ uptime, step }) => uptime < 2062 || step === "clean");
    const failed = record("producer", "mount", "error", { uptime: 2062.5, errno: "ENOTCONN" });
    const gone = evidence({ records: [...dead, failed], replacing: asked });
    assert.deepEqual([now(gone), settled(judged(gone), asked)], [undefined, true]);
    const blind = given([
      record("default", "read", "error", { uptime: 2067, looked: "2066.9", errno: "EIO" }),
      record("default", "look", "error", { uptime: 2070, looked: "2069.9", errno: "EIO" }),
    ]);
    assert.deepEqual([now(blind), settled(judged(blind), asked)], [undefined, true]);
  });
});
