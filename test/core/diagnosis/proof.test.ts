import assert from "node:assert/strict";
import type { AnyRole } from "../../../core/contract/readers.ts";
import type { ProbeRecord, Step } from "../../../core/contract/records.ts";
import { answered } from "../../../core/diagnosis/answer.ts";
import { judge, settled, type Verdict } from "../../../core/diagnosis/verdict.ts";
import type { Evidence, PodFact } from "../../../core/evidence/evidence.ts";
import {
  altered,
  BRIDGE,
  evidence,
  misses,
  mounted,
  NONCE,
  record,
  running,
  sees,
  unseenByControl,
  waiting,
} from "../evidence/evidence.ts";

const SECOND = "faa71249-0000-4000-8000-000000000000";
const ROLES = ["default", "hardened"] as const;
const FUSE = "390 311 0:155 / /bridge/fuse rw,nosuid,nodev,relatime shared:38 - fuse.rclone /tmp/source rw,allow_other";
const NOT_SHARED = 'path "/tmp/fuse-test-bridge" is mounted on "/" but it is not a shared mount';

const seen = [...mounted, unseenByControl, ...ROLES.flatMap((role) => sees(role))];
const crash = record("producer", "crash", "ok", { uptime: 2061, at: "2060.9", errno: "ENOTCONN", fault: "crash" });
const clean = record("producer", "clean", "ok", { uptime: 2064 });
const again = [
  record("producer", "daemon", "info", { uptime: 2064.05 }),
  record("producer", "mount", "ok", { uptime: 2064.2, fstype: "fuse.rclone", mountinfo: FUSE }),
  record("producer", "marker", "ok", { uptime: 2064.3, nonce: SECOND }),
];
const taken = record("producer", "unmount-in-order", "ok", { uptime: 2068 });
const third = [
  record("producer", "mount", "ok", { uptime: 2068.2, fstype: "fuse.rclone", mountinfo: FUSE }),
  record("producer", "marker", "ok", { uptime: 2068.3, nonce: "third" }),
  record("producer", "inspect", "info", { uptime: 2068.4 }),
];
const dies = (role: AnyRole) => record(role, "read", "error", { uptime: 2061.1, looked: "2061.0", errno: "ENOTCONN" });
const back = (role: AnyRole, nonce = SECOND, uptime = 2064.5) =>
  record(role, "read", "ok", { uptime, looked: String(uptime - 0.05), nonce, fstype: "fuse.rclone", mountinfo: FUSE });
const still = (role: AnyRole, uptime = 2066) =>
  record(role, "look", "error", { uptime, looked: String(uptime - 0.05), errno: "ENOTCONN" });
const gone = (role: AnyRole) => record(role, "read", "error", { uptime: 2068.1, looked: "2068.05", errno: "ENOENT" });
const schedule = [crash, clean, ...again, taken, ...third];
const whole = [...seen, ...schedule, ...ROLES.flatMap((role) => [dies(role), back(role), gone(role)])];

const judged = (records: readonly ProbeRecord[], more: Partial<Evidence> = {}): Verdict => {
  const verdict = judge(evidence({ records, ...more }));
  assert.ok(verdict, "it must be known");
  return verdict;
};
const without = (records: readonly ProbeRecord[], ...dropped: ProbeRecord[]) =>
  records.filter((one) => !dropped.includes(one));
const changed = (records: readonly ProbeRecord[], role: AnyRole, step: Step, more: object) =>
  records.map((one) => (one.role === role && one.step === step ? altered(one, more) : one));

describe("what is proven", () => {
  it("is grade A where everything was seen", () => {
    const verdict = judged(whole);
    assert.deepEqual([verdict.verdict, verdict.grade, settled(verdict)], ["success", "A", true]);
  });

  const ungraded: readonly [what: string, readonly ProbeRecord[]][] = [
    [
      "the daemon outlived its kill",
      [
        ...seen,
        record("producer", "crash", "error", { uptime: 2061, at: "2060.9", fault: "crash" }),
        ...again,
        ...ROLES.map((role) => back(role)),
      ],
    ],
    ["nobody says that the daemon was killed", without(whole, crash)],
    ["the dead mount could not be taken away", changed(whole, "producer", "clean", { result: "error" })],
    ["nobody says that it was taken away", without(whole, clean)],
    ["there was no second mount", without(whole, ...again, ...third, ...ROLES.map((role) => back(role)))],
    ["the second mount had no marker", without(whole, ...again.slice(1))],
    [
      "a log was read twice, without a crash",
      [...seen, ...seen.map((one) => ({ ...one })), ...ROLES.map((role) => back(role, NONCE)), ...third],
    ],
    [
      "a producer was started again, without a crash",
      [...seen, ...again, taken, ...third, ...ROLES.flatMap((role) => [back(role), gone(role)])],
    ],
  ];
  for (const [what, records] of ungraded)
    it(`is no grade where ${what}`, () => {
      const verdict = judged(records);
      assert.deepEqual([verdict.verdict, verdict.grade], ["success", undefined]);
    });

  it("is no A for a reader that stayed dead through the second mount and read the third: B", () => {
    const late = [
      ...without(whole, back("hardened"), gone("hardened")).filter(
        ({ role, uptime }) => role !== "hardened" || uptime < 2064,
      ),
      still("hardened"),
      gone("hardened"),
      back("hardened", "third", 2068.5),
    ];
    assert.equal(judged(late).grade, "B");
  });

  it("is grade A for a file of the daemon's own in a look that began at the dead mount, and ended at the second", () => {
    const slow = (records: readonly ProbeRecord[]) =>
      records.map((one) => {
        const same = one.nonce ? { ...one, nonce: NONCE } : one;
        return one.role === "hardened" && one.nonce === SECOND
          ? altered(one, { nonce: NONCE, looked: "2063.9" })
          : same;
      });
    assert.equal(judged(slow(whole)).grade, "A");
    // Who has not met the first one dead may have read it in its page cache.
    assert.equal(
      judged(slow(whole.filter(({ role, errno }) => role !== "hardened" || errno !== "ENOTCONN")), { final: true })
        .grade,
      undefined,
    );
  });

  it("is no A for a file of the daemon's own that is read only in the third mount", () => {
    const same = whole
      .filter(({ role, uptime }) => role !== "hardened" || uptime < 2064)
      .map((one) => (one.nonce ? { ...one, nonce: NONCE } : one));
    const records = [...same, still("hardened"), gone("hardened"), back("hardened", NONCE, 2068.5)];
    assert.equal(judged(records).grade, "B");
  });

  describe("B", () => {
    const silent = whole.filter(({ role, uptime }) => role !== "hardened" || uptime < 2061);

    it("needs a record of the second mount from each reader that is not back, and one of after it", () => {
      const dead = [...silent, dies("hardened")];
      assert.equal(judged([...dead, still("hardened"), gone("hardened")]).grade, "B");
      assert.equal(judged([...dead, still("hardened")], { final: true }).grade, undefined);
      assert.equal(judged([...dead, gone("hardened")], { final: true }).grade, undefined);
      // The unmount in order, at 2068, comes before its record.
      const unmounted = [...dead, still("hardened", 2067.8), gone("hardened")];
      assert.equal(judged(unmounted, { final: true }).grade, undefined);
    });

    it("is not known of a reader that was killed, or whose log stalled", () => {
      const verdict = judged(silent, { final: true });
      assert.deepEqual([verdict.verdict, verdict.grade], ["success", undefined]);
    });

    it("is not known where the second marker timed out, and that may yet come", () => {
      const failed = again.map((one) =>
        one.step === "marker" ? altered(one, { result: "error", errno: "ETIMEDOUT" }) : one,
      );
      const verdict = judged([...seen, crash, clean, ...failed, ...ROLES.map(dies)]);
      assert.deepEqual([verdict.grade, settled(verdict)], [undefined, false]);
    });

    it("is waited for while the log of the producer's first life is still to come", () => {
      const second = [
        ...seen,
        ...[...again, ...third].map((one) => ({ ...one, mount: "2" })),
        taken,
        ...ROLES.map(gone),
      ];
      const known = second.filter(({ role, uptime }) => role !== "producer" || uptime > 2064);
      const reported = [...known, record("producer", "marker", "ok", { uptime: 2064.1, nonce: NONCE })];
      assert.equal(settled(judged(reported)), false);
      assert.equal(settled(judged(reported, { final: true })), true);
    });

    it("is waited for while a reader is away to be started again", () => {
      const away = record("hardened", "restart", "info", { uptime: 2061.2 });
      assert.equal(settled(judged([...silent, dies("hardened"), away])), false);
    });

    it("is waited for until every reader has looked past the second mount", () => {
      const dead = [...silent, dies("hardened"), still("hardened")];
      assert.equal(settled(judged(dead)), false);
      assert.equal(answered(judged(dead), evidence({ records: dead }), ["propagation", "daemon-crash"]), false);
      assert.equal(settled(judged([...dead, gone("hardened")])), true);
    });
  });

  it("is no grade where a reader recorded its start so soon after the crash that it may have been started before", () => {
    const start = (uptime: number) =>
      record("default", "start", "info", { uptime, fuse_at_start: "no", mountinfo: BRIDGE });
    const quiet = whole.filter(({ role, errno }) => role !== "default" || errno !== "ENOTCONN");
    assert.equal(judged([...quiet, start(2061.2)]).grade, undefined);
    assert.equal(judged([...quiet, start(2062.2)]).grade, "B");
    assert.equal(judged([...whole, start(2061.2)]).grade, "B");
  });

  const unproven: readonly [what: string, cause: string, readonly ProbeRecord[]][] = [
    [
      "the control looked before the reader had done so",
      "unknown",
      changed(seen, "default", "verdict", { control_uptime: "2057.33" }),
    ],
    [
      "the control saw it later",
      "hollow-success",
      [...seen, record("control", "control", "error", { uptime: 2059, kind: "seen", nonce: NONCE })],
    ],
    [
      "the control is not on the bridge",
      "unknown",
      changed(seen, "control", "control", { mountinfo: "1 0 0:99 / / rw - overlay overlay rw" }),
    ],
    ["nobody knows where the control is", "unknown", changed(seen, "control", "control", { mountinfo: undefined })],
    [
      "the hardened reader is root",
      "reader-not-hardened",
      changed(seen, "hardened", "identity", { uid: "0", capabilities: "000001ffffffffff" }),
    ],
    [
      "the hardened reader has a capability",
      "reader-not-hardened",
      changed(seen, "hardened", "identity", { capabilities: "0000000000000002" }),
    ],
    ["nobody knows who the hardened reader is", "unknown", seen.filter(({ step }) => step !== "identity")],
    [
      "a reader read it on the bridge's own file system",
      "unknown",
      changed(seen, "default", "read", { bridge_device: "155" }),
    ],
    [
      "a reader read it on a bridge that is FUSE itself",
      "unknown",
      seen.map((one) =>
        one.role === "default" && ["start", "read"].includes(one.step)
          ? altered(one, { mountinfo: BRIDGE.replace("tmpfs fpt", "fuse.mergerfs pool") })
          : one,
      ),
    ],
    [
      "a reader was created after the mount, a moment after the control",
      "control-too-late",
      changed(seen, "hardened", "start", { fuse_at_start: "yes", uptime: 2057.3 }),
    ],
    ["the records are another run's", "unknown", seen.map((one) => ({ ...one, run: "another" }))],
    ["the records are another node's", "unknown", seen.map((one) => ({ ...one, node: "k3s-w9" }))],
  ];
  for (const [what, cause, records] of unproven)
    it(`is nothing where ${what}: ${cause}`, () => {
      const verdict = judged(records, { final: true });
      assert.deepEqual([verdict.verdict, verdict.cause], ["inconclusive", cause]);
    });

  it("is a success of a reader that was created after the mount, and reads the next one", () => {
    const late = changed(seen, "hardened", "start", { fuse_at_start: "yes", uptime: 2057.3 });
    const next = late
      .filter(({ role, step }) => role !== "hardened" || !["read", "verdict"].includes(step))
      .concat(sees("hardened", SECOND, 7.1).slice(2));
    assert.equal(judged([...next, crash, clean, ...again]).verdict, "success");
    // Between the daemon's start and the producer's word of its mount, the mount may have been there.
    const born = changed(next, "hardened", "start", { uptime: 2064.1 });
    assert.notEqual(judge(evidence({ records: [...born, crash, clean, ...again] }))?.verdict, "success");
  });

  it("is a success of a file that is the same in every mount, by a reader that was there before the first one", () => {
    const file = { nonce: NONCE, path: "/bridge/fuse/film.mkv" };
    const failed = changed(seen, "producer", "marker", {
      ...file,
      nonce: undefined,
      result: "error",
      errno: "ENOTCONN",
    });
    const records = [...failed, crash, clean, ...changed(again, "producer", "marker", file)];
    // What lay there when it started was the dead mount of an earlier run.
    const left = changed(records, "hardened", "start", { fuse_at_start: "yes" });
    assert.equal(judged(left).verdict, "success");
    const born = changed(left, "hardened", "start", { uptime: 2057.3 });
    assert.notEqual(judge(evidence({ records: born, final: true }))?.verdict, "success");
  });

  it("is nothing where the reader's line has no peer group: a copy that its container was born with", () => {
    const own = FUSE.replace("shared:38 ", "");
    const copied = changed(seen, "hardened", "read", { mountinfo: own });
    assert.notEqual(judge(evidence({ records: copied, final: true }))?.verdict, "success");
  });

  it("is not certain while a marker is visible that does not count, and a reader has time", () => {
    const doubt = record("default", "doubt", "error", { kind: "hollow", fstype: "ext4", mountinfo: BRIDGE });
    const given = evidence({ records: [doubt, record("producer", "mount", "error", { detail: "no" })] });
    assert.equal(judge({ ...given, records: [doubt] }), undefined);
    assert.equal(judge(given)?.cause, "hollow-success");
  });

  it("is not turned by what is met when the last reader has given up", () => {
    const failed = [...mounted, unseenByControl, ...ROLES.flatMap((role) => misses(role))];
    const cause = judged(failed).cause;
    const doubt = record("default", "doubt", "error", { uptime: 2090, kind: "hollow", fstype: "ext4" });
    const shown = record("control", "control", "error", { uptime: 2090, kind: "seen", nonce: NONCE });
    assert.equal(judged([...failed, doubt, shown]).cause, cause);
  });

  it("comes of readers and control alone", () => {
    const failed = [...mounted, unseenByControl, ...ROLES.flatMap((role) => misses(role))];
    const others = (["user", "turn"] as const).flatMap((role) => [
      record(role, "doubt", "error", { kind: "hollow" }),
      record(role, "control", "error", { kind: "seen", nonce: NONCE }),
    ]);
    assert.equal(judged([...failed, ...others]).cause, judged(failed).cause);
  });

  it("is not shaken by a control that sees another run's file below the mount", () => {
    const other = record("control", "control", "info", {
      kind: "late",
      nonce: "left",
      mountinfo: BRIDGE,
      uptime: 2055.1,
    });
    assert.equal(judged([...without(seen, unseenByControl), other]).verdict, "success");
  });
});

describe("words of the kubelet", () => {
  const event = { object: "pod/fuse-producer", reason: "Failed", message: NOT_SHARED };
  const stuck = waiting("producer", "fuse-producer", "CreateContainerError", "");

  it("count of a container that does not run", () => {
    assert.equal(judge(evidence({ pods: [stuck], events: [event] }))?.cause, "node-root-private");
  });

  it("are old of one that runs, whatever comes first", () => {
    assert.equal(judge(evidence({ events: [event] })), undefined);
    assert.equal(judge(evidence({ events: [event], records: seen }))?.cause, "success");
  });

  it("are old of one that runs beside one that does not", () => {
    const pods: PodFact[] = [
      {
        ...running("consumer", ["fuse-control"]),
        containers: [
          { name: "fuse-control", state: "running", reason: "", message: "" },
          { name: "fuse-consumer", state: "waiting", reason: "PodInitializing", message: "" },
        ],
      },
    ];
    const of = (container: string) => ({ ...event, object: "pod/fuse-consumer", container });
    assert.equal(judge(evidence({ pods, events: [of("fuse-control")] })), undefined);
    assert.equal(judge(evidence({ pods, events: [of("fuse-consumer")] }))?.cause, "node-root-private");
  });

  it("are old of one that has run, and not of one that the runtime could not start", () => {
    const ended = (reason: string): PodFact => ({
      ...stuck,
      containers: [{ name: "fuse-producer", state: "terminated", reason, message: "", exitCode: 128 }],
    });
    assert.notEqual(judge(evidence({ pods: [ended("Error")], events: [event] }))?.cause, "node-root-private");
    assert.equal(judge(evidence({ pods: [ended("StartError")], events: [event] }))?.cause, "node-root-private");
  });

  it("of how a container ended that runs again explain nothing that its records do not", () => {
    const [producer, consumer] = [running("producer", ["fuse-producer"]), running("consumer", ["fuse-consumer"])];
    const restarted = {
      ...producer,
      containers: producer.containers.map((one) => ({
        ...one,
        restarts: 1,
        last: { reason: "OOMKilled", exitCode: 137 },
      })),
    };
    assert.equal(judge(evidence({ pods: [restarted, consumer] })), undefined);
    assert.equal(judge(evidence({ pods: [restarted, consumer], records: seen }))?.cause, "success");
    const failed = [...mounted, unseenByControl, ...ROLES.flatMap((role) => misses(role))];
    // Nobody met a dead mount: that the daemon died later does not say why the mount was not seen.
    assert.equal(judge(evidence({ pods: [restarted, consumer], records: failed }))?.cause, "unknown");
    const dead = failed.map((one) => (one.errno === "ENOENT" ? altered(one, { errno: "ENOTCONN" }) : one));
    assert.equal(judge(evidence({ pods: [restarted, consumer], records: dead }))?.cause, "daemon-killed");
  });

  it("and every other answer but success wait for each log that nobody has served yet", () => {
    const failed = [...mounted, unseenByControl, ...ROLES.flatMap((role) => misses(role))];
    const unread = ["fuse-consumer/fuse-control"];
    assert.equal(judge(evidence({ records: failed, unread })), undefined);
    assert.equal(judge(evidence({ records: failed, unread, final: true }))?.verdict, "failure");
    assert.equal(judge(evidence({ pods: [stuck], events: [event], unread })), undefined);
    assert.equal(judge(evidence({ records: seen, unread }))?.verdict, "success");
  });
});

describe("a daemon that died by itself and came back", () => {
  it("is noted beside the grade", () => {
    const pods = [
      {
        ...running("producer", []),
        containers: [
          {
            name: "fuse-producer",
            state: "running" as const,
            reason: "",
            message: "",
            restarts: 1,
            last: { reason: "OOMKilled", exitCode: 137 },
          },
        ],
      },
      running("consumer", ["fuse-consumer"]),
    ];
    const verdict = judged(whole, { pods });
    assert.equal(verdict.grade, "A");
    assert.match(JSON.stringify(verdict.notes), /daemon-died.*OOMKilled/);
  });

  it("by its own record too, and that is no crash of the schedule's", () => {
    const died = record("producer", "daemon", "error", { uptime: 2060.9, exit_code: "7", detail: "panic: no backend" });
    const records = [...without(whole, crash), died];
    const verdict = judged(records);
    assert.equal(verdict.grade, undefined);
    assert.match(JSON.stringify(verdict.notes), /daemon-died.*panic: no backend/);
  });

  it("is not noted where the container was meant to die", () => {
    const pods = [
      {
        ...running("producer", []),
        containers: [
          {
            name: "fuse-producer",
            state: "running" as const,
            reason: "",
            message: "",
            restarts: 1,
            last: { reason: "Error", exitCode: 137 },
          },
        ],
      },
      running("consumer", ["fuse-consumer"]),
    ];
    const ended = altered(crash, { fault: "die" });
    const records = [...without(whole, crash), ended];
    assert.equal(judged(records, { pods, scenario: "producer-restart" }).notes, undefined);
  });
});

describe("the order of arrival, and what arrives twice", () => {
  it("change nothing", () => {
    const first = JSON.stringify(judged(whole));
    assert.equal(JSON.stringify(judged(whole.toReversed())), first);
    assert.equal(JSON.stringify(judged([...whole, ...whole.map((one) => ({ ...one }))])), first);
  });
});

describe("the printed fragment", () => {
  it("says that grade A rests on unmounting the dead mount before the next one", () => {
    assert.match(judged(whole).decision.manifest ?? "", /umount -l \/mnt\/media\/remote/);
    assert.match(judged(whole).decision.nextStep, /dead mount/);
  });
});
