import assert from "node:assert/strict";
import type { AnyRole } from "../../../core/contract/readers.ts";
import { READERS } from "../../../core/contract/readers.ts";
import type { ProbeRecord } from "../../../core/contract/records.ts";
import { timelineOf } from "../../../core/diagnosis/timeline.ts";
import { judge, settled } from "../../../core/diagnosis/verdict.ts";
import { believed } from "../../../core/evidence/evidence.ts";
import { evidence, mounted, NONCE, record, running, sees, unseenByControl } from "../evidence/evidence.ts";
import { made } from "./causes/pods.ts";

const SECOND = "faa71249-0000-4000-8000-000000000000";
const opened = (role: AnyRole) => record(role, "held", "ok", { uptime: 2057.5 });
const reads = (role: AnyRole) => [...sees(role), opened(role)];
const success = [...mounted, unseenByControl, ...READERS.flatMap(reads)];
const crash = [
  record("producer", "crash", "ok", { uptime: 2061 }),
  record("producer", "clean", "ok", { uptime: 2064 }),
  record("producer", "mount", "ok", { uptime: 2064.2, fstype: "fuse.rclone" }),
  record("producer", "marker", "ok", { uptime: 2064.3, nonce: SECOND }),
];
const unmounted = record("producer", "unmount-in-order", "ok", { uptime: 2068 });
const over = record("producer", "inspect", "info", { uptime: 2069 });
/** Of a reader that looks at the second mount, and past it, without reading it. */
const stillDead = (role: AnyRole): ProbeRecord[] => [
  record(role, "look", "error", { uptime: 2066, errno: "ENOTCONN" }),
  record(role, "read", "error", { uptime: 2068.1, errno: "ENOENT" }),
];
const dead = (role: AnyRole): ProbeRecord[] => [
  record(role, "read", "error", { uptime: 2061.1, errno: "ENOTCONN" }),
  record(role, "held", "error", { uptime: 2061.1, errno: "ENOTCONN" }),
  record(role, "read", "error", { uptime: 2064.1, errno: "ENOENT" }),
];
const back = (role: AnyRole): ProbeRecord[] => [
  record(role, "read", "ok", { uptime: 2064.4, nonce: SECOND, fstype: "fuse.rclone" }),
  record(role, "held", "error", { uptime: 2064.5, errno: "ENOTCONN" }),
];
const judged = (records: readonly ProbeRecord[]) => {
  const verdict = judge(evidence({ records }));
  assert.ok(verdict);
  return verdict;
};

describe("timeline", () => {
  it("tells what a reader saw, in milliseconds of the node's own clock", () => {
    const records = [...success, ...crash, ...dead("default"), ...back("default"), unmounted, over];
    const later = record("default", "read", "error", { uptime: 2068.1, errno: "ENOENT" });
    const blind = stillDead("hardened");
    assert.deepEqual(timelineOf(evidence({ records: [...records, later, ...blind] }), READERS), {
      mountMs: 20,
      remounted: true,
      complete: true,
      readers: {
        default: {
          seenMs: 100,
          stale: { errno: "ENOTCONN", afterMs: 100, lastedMs: 3000 },
          recoveredMs: 200,
          heldFile: "dead",
        },
        hardened: { seenMs: 100, notBack: true },
      },
      replacements: [],
      unaskable: true,
    });
  });

  it("counts the mounts that a reader had before the daemon's death, and when it was back", () => {
    const table = (size: string, records: readonly ProbeRecord[]) =>
      records.map((one) => (one.step === "read" && one.result === "ok" ? { ...one, table: size } : one));
    const reported = (after: readonly ProbeRecord[]) =>
      timelineOf(
        evidence({ records: [...table("12", success), ...crash, ...dead("default"), ...after, unmounted, over] }),
        READERS,
      ).readers.default?.mounts;
    assert.deepEqual(reported(table("13", back("default"))), { before: 12, after: 13 });
    assert.equal(reported(back("default")), undefined);
  });

  describe("a look in flight when the daemon died", () => {
    const aborted = (uptime = 2060.98) => record("default", "read", "error", { uptime, errno: "ECONNABORTED" });
    const killed = crash.map((one) => (one.step === "crash" ? { ...one, at: "2060.9" } : one));
    const stale = (...records: ProbeRecord[]) =>
      timelineOf(
        evidence({ records: [...success, ...killed, ...records].sort((a, b) => a.uptime - b.uptime) }),
        READERS,
      ).readers.default?.stale;

    it("ends with ECONNABORTED, and the dead mount says ENOTCONN from then on", () => {
      const expected = { errno: "ENOTCONN", afterMs: 80, lastedMs: 3120 };
      assert.deepEqual(stale(aborted(), ...dead("default")), expected);
    });

    it("is all there is where the mount was gone or made again at the next look", () => {
      const gone = record("default", "read", "error", { uptime: 2064.1, errno: "ENOENT" });
      const later = record("default", "read", "error", { uptime: 2068.1, errno: "ENOTCONN" });
      assert.deepEqual(stale(aborted(), gone, later), { errno: "ECONNABORTED", afterMs: 80, lastedMs: 3120 });
      assert.equal(stale(aborted(), ...back("default"), later)?.errno, "ECONNABORTED");
    });

    it("says nothing new of a daemon that hung: the first error is its silence", () => {
      const silent = record("default", "read", "error", { uptime: 2063, errno: "ETIMEDOUT" });
      assert.equal(stale(silent, aborted(2063.5))?.errno, "ETIMEDOUT");
    });
  });

  it("takes no error before the crash, and no ENOENT, for a dead mount", () => {
    const before = record("default", "read", "error", { uptime: 2056, errno: "EIO" });
    const absent = record("default", "read", "error", { uptime: 2064.1, errno: "ENOENT" });
    const { readers } = timelineOf(evidence({ records: [before, ...success, ...crash, absent] }), READERS);
    assert.equal(readers.default?.stale, undefined);
  });

  it("tells a new mount of a file of the daemon's own, whose nonce is the same, by the clean-up between them", () => {
    const same = crash.map((one) => (one.step === "marker" ? { ...one, nonce: NONCE } : one));
    const again = record("default", "read", "ok", { uptime: 2064.1, nonce: NONCE, fstype: "fuse" });
    const { readers } = timelineOf(
      evidence({ records: [...success, ...same, ...dead("default"), again, ...dead("hardened")] }),
      READERS,
    );
    // Seen before the producer, which polls, has recorded its mount.
    assert.equal(readers.default?.recoveredMs, 0);
    assert.equal(readers.hardened?.recoveredMs, undefined);
  });

  it("tells a new mount from the old by its nonce alone", () => {
    const again = record("default", "read", "ok", { uptime: 2064.4, nonce: NONCE });
    const { readers } = timelineOf(evidence({ records: [...success, ...crash, again] }), READERS);
    assert.equal(readers.default?.recoveredMs, undefined);
  });
});

describe("a reader that was restarted", () => {
  const born = READERS.map((role) => record(role, "start", "info", { uptime: 2055 }));
  const started = record("default", "start", "info", { uptime: 2062 });
  const all = [...born, ...success, ...crash, ...READERS.flatMap(dead), started, ...READERS.flatMap(back)];
  const records = [...all, unmounted, over];

  it("is not back by itself: no A", () => {
    const { grade, timings } = judged(records);
    assert.equal(grade, "B");
    assert.deepEqual([timings.readers.default?.restarted, timings.readers.hardened?.restarted], [true, undefined]);
  });

  it("is back by itself where it was restarted only afterwards", () => {
    const after = record("default", "start", "info", { uptime: 2066 });
    const { grade, timings } = judged([...records.filter((one) => one !== started), after]);
    assert.deepEqual([grade, timings.readers.default?.restarted], ["A", undefined]);
  });

  it("has no file open from before the crash any more", () => {
    const { readers } = timelineOf(evidence({ records }), READERS);
    assert.deepEqual([readers.default?.heldFile, readers.hardened?.heldFile], [undefined, "dead"]);
    const late = records.filter((one) => one !== started && !(one.role === "default" && one.uptime === 2057.5));
    assert.equal(timelineOf(evidence({ records: late }), READERS).readers.default?.heldFile, undefined);
  });
});

describe("grade", () => {
  const all = [...success, ...crash, ...READERS.flatMap(dead)];

  it("is A when every reader comes back by itself", () => {
    assert.equal(judged([...all, ...READERS.flatMap(back)]).grade, "A");
  });

  it("is B when one does not, and only once the schedule is over", () => {
    const half = [...all, ...back("default"), ...stillDead("hardened")];
    assert.equal(judged(half).grade, undefined);
    const verdict = judged([...half, unmounted, over]);
    assert.equal(verdict.grade, "B");
    assert.match(verdict.decision.manifest ?? "", /livenessProbe/);
  });

  it("is not known of a reader that looked when the second daemon may have been dead", () => {
    const killed = record("producer", "identity", "info", { uptime: 2066.9 });
    const ended = record("producer", "daemon", "error", { uptime: 2067, exit_code: "1" });
    for (const end of [killed, ended]) {
      const reported = [...success, ...crash, end, unmounted, over];
      const records = [...reported, ...READERS.flatMap((role) => [...dead(role), ...stillDead(role)])];
      assert.equal(timelineOf(evidence({ records }), READERS).readers.default?.notBack, undefined);
    }
  });

  it("is not given where the mount after the crash was lost before it was recorded", () => {
    const life = (uptime: number) => [
      record("producer", "preflight", "ok", { uptime }),
      record("producer", "stale", "ok", { uptime: uptime + 0.1, state: "dead" }),
      record("producer", "daemon", "info", { uptime: uptime + 0.2 }),
    ];
    const killed = crash.filter(({ step }) => step !== "clean");
    const rest = [...success, ...READERS.flatMap((role) => [...dead(role), ...back(role)]), unmounted, over];
    const isRemounted = (...lives: number[]) =>
      timelineOf(believed(evidence({ records: [...killed, ...lives.flatMap(life), ...rest] })), READERS).remounted;
    assert.equal(isRemounted(2062), true);
    assert.equal(isRemounted(2062, 2063), false);
  });

  it("is not given where the daemon was never killed", () => {
    const verdict = judged([...success, over]);
    assert.deepEqual([verdict.grade, settled(verdict)], [undefined, true]);
  });

  it("is not given to a reader that never saw the first mount, or looked away before the second", () => {
    const blind = [...all.filter(({ role }) => role !== "hardened"), ...sees("hardened", SECOND, 7.1)];
    assert.equal(judged([...blind, ...back("default"), unmounted, over]).grade, undefined);
    const gone = record("hardened", "finish", "info", { uptime: 2063 });
    assert.equal(judged([...all, ...back("default"), gone, over]).grade, undefined);
  });

  it("is waited for while a reader's container that has ended is to be started again", () => {
    const containers = [
      { name: "fuse-default", state: "terminated" as const, reason: "OOMKilled", message: "", exitCode: 137 },
      { name: "fuse-hardened", state: "running" as const, reason: "", message: "" },
    ];
    const seen = [...all, ...back("hardened"), unmounted, over, ...stillDead("hardened").slice(1)];
    const isSettled = (restartPolicy: string) => {
      const spec = made("consumer", { restartPolicy });
      const pod = { ...running("consumer", []), spec, containers };
      const verdict = judge(evidence({ records: seen, pods: [running("producer", ["fuse-producer"]), pod] }));
      assert.equal(verdict?.cause, "success");
      return verdict && settled(verdict);
    };
    assert.deepEqual([isSettled("OnFailure"), isSettled("Never")], [false, true]);
  });

  it("is known to be none as soon as the daemon could not be mounted again", () => {
    const failed = record("producer", "mount", "error", { uptime: 2064.5, detail: "no credentials" });
    const dying = [...success, ...crash.slice(0, 2), ...READERS.flatMap(dead), failed];
    const verdict = judged(dying);
    assert.deepEqual([verdict.grade, settled(verdict)], [undefined, true]);
  });

  it("is waited for after a success, and not after anything else", () => {
    assert.equal(settled(judged(success)), false);
    assert.equal(settled(judged([...all, ...READERS.flatMap(back)])), true);
    assert.equal(
      settled(judged([...mounted, unseenByControl, ...READERS.map((role) => record(role, "verdict", "error"))])),
      true,
    );
  });

  it("is C for a failure, with the ways out", () => {
    const verdict = judged([...mounted, unseenByControl, ...READERS.map((role) => record(role, "verdict", "error"))]);
    assert.equal(verdict.grade, "C");
    assert.ok((verdict.decision.waysOut?.length ?? 0) >= 4);
  });
});
