/** Where two faults meet, or one fault and a late log: what was certain first stays, and what is not certain yet waits. */
import assert from "node:assert/strict";
import type { AnyRole, Component } from "../../../../core/contract/readers.ts";
import type { ProbeRecord } from "../../../../core/contract/records.ts";
import { judge } from "../../../../core/diagnosis/verdict.ts";
import type { Evidence, PodFact } from "../../../../core/evidence/evidence.ts";
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
} from "../../evidence/evidence.ts";
import { leaf, made, podsWith } from "./pods.ts";

const SECOND = "faa71249-0000-4000-8000-000000000000";
const PLAIN = "1 0 254:0 / / rw - ext4 /dev/vda rw";
const FUSE = "387 311 0:155 / /bridge/fuse rw,nosuid,nodev,relatime shared:38 - fuse.rclone /tmp/source rw,allow_other";
const DEAD = 'failed to stat "/tmp/fuse-test-bridge/fuse": transport endpoint is not connected';
const NOT_SHARED = 'path "/tmp/fuse-test-bridge" is mounted on "/" but it is not a shared mount';
const IDMAP = "failed to set MOUNT_ATTR_IDMAP on /tmp/fuse-test-bridge: invalid argument";
const ROLES = ["default", "hardened"] as const;

const missed = [unseenByControl, ...ROLES.flatMap(misses)];
const unmarked = mounted.filter(({ step }) => step !== "marker");
const starts = ROLES.map((role) => record(role, "start", "info", { uptime: 2055, propagation: "master:1" }));
const dead = (role: AnyRole, uptime: number) =>
  record(role, "read", "error", { uptime, looked: String(uptime - 0.05), errno: "ENOTCONN", mountinfo: FUSE });
const gaveUp = (role: AnyRole, uptime = 2087) => record(role, "verdict", "error", { uptime });
const crash = record("producer", "crash", "ok", { uptime: 2061, at: "2060.9", errno: "ENOTCONN" });
const again = record("producer", "daemon", "info", { uptime: 2064 });
const exit137 = record("producer", "daemon", "error", { uptime: 2061, exit_code: "137" });
const oom: Partial<PodFact> = {
  phase: "Failed",
  containers: [{ name: "fuse-producer", state: "terminated", reason: "OOMKilled", message: "", exitCode: 137 }],
};
const blind = (): NonNullable<PodFact["spec"]> => ({
  containers: made("consumer").containers.map((one) =>
    one.role === "default" && one.bridge ? { ...one, bridge: { ...one.bridge, propagation: "None" } } : one,
  ),
});
const sandbox = { spec: made("consumer", { runtimeClassName: "kata" }) };
const doubts = ROLES.map((role) =>
  record(role, "doubt", "error", { uptime: 2050, kind: "hollow", fstype: "ext4", mountinfo: PLAIN }),
);
const bound = (role: AnyRole): ProbeRecord[] => [
  record(role, "start", "info", { uptime: 2057.3, fuse_at_start: "yes", mountinfo: FUSE }),
  record(role, "read", "ok", { uptime: 2057.4, nonce: NONCE, mountinfo: FUSE }),
];
const late = (role: AnyRole) =>
  sees(role, SECOND, 7.1).map((one) =>
    one.step === "start" ? altered(one, { uptime: 2057.3, fuse_at_start: "yes", mountinfo: FUSE }) : one,
  );

const cases: readonly [what: string, cause: string | undefined, Partial<Evidence>][] = [
  [
    "a reader without propagation, whose daemon is killed later, as another reader sees",
    "consumer-not-host-to-container",
    {
      pods: podsWith(oom, { spec: blind() }),
      records: [...mounted, ...missed, ...starts, dead("hardened", 2070)],
    },
  ],
  [
    "a sandbox, and a daemon that never mounts",
    "producer-never-mounted",
    {
      pods: podsWith({}, sandbox),
      records: [...missed, ...starts, record("producer", "mount", "error", { detail: "no remote" })],
    },
  ],
  [
    "a reader that has bound the mount, and a container that is out of memory after the schedule's own crash",
    "consumer-binds-mountpoint",
    {
      pods: podsWith(oom, { spec: leaf() }),
      records: [...mounted, unseenByControl, crash, ...ROLES.flatMap((role) => [...bound(role), dead(role, 2061)])],
    },
  ],
  [
    "a reader that has bound the mount of a daemon that was killed, and may yet read the next",
    undefined,
    {
      pods: podsWith({}, { spec: leaf() }),
      records: [...mounted, exit137, ...ROLES.flatMap((role) => [...bound(role), dead(role, 2060)])],
    },
  ],
  [
    "a mount that could not be taken away, and a container that is out of memory later",
    "stale-mount-left",
    { pods: podsWith(oom), records: [record("producer", "stale", "error", { errno: "EBUSY" }), ...missed] },
  ],
  [
    "a daemon that was killed before its marker: there is a next mount",
    undefined,
    {
      pods: podsWith({}),
      records: [
        ...unmarked,
        record("producer", "marker", "error", { errno: "ENOTCONN" }),
        exit137,
        record("default", "read", "error", { errno: "ENOENT" }),
      ],
    },
  ],
  [
    "a user namespace, and a marker that could not be written: there is a next mount",
    undefined,
    {
      pods: podsWith({ spec: made("producer", { hostUsers: false }) }),
      records: [
        record("producer", "identity", "info", { uid_map: "0 100000 65536" }),
        ...unmarked,
        record("producer", "marker", "error", { errno: "EISDIR" }),
        record("default", "read", "error", { errno: "ENOENT" }),
      ],
    },
  ],
  [
    "words of an attempt that failed otherwise than the last one",
    "user-namespace",
    {
      pods: [
        {
          ...waiting("producer", "fuse-producer", "CreateContainerError", IDMAP),
          spec: made("producer", { hostUsers: false }),
        },
        running("consumer", ["fuse-control"]),
      ],
      events: [
        { object: "pod/fuse-producer", container: "fuse-producer", reason: "Failed", message: `Error: ${NOT_SHARED}` },
      ],
    },
  ],
  [
    "a container that has ended, whose log nobody has read",
    "unknown",
    { final: true, unread: ["fuse-producer/fuse-producer"], pods: podsWith({ ...oom, reason: "Error" }) },
  ],
  [
    "a daemon that failed to mount, before any reader has looked",
    undefined,
    {
      pods: podsWith(oom),
      records: [record("producer", "mount", "error", { detail: "fusermount: mount failed: No space left on device" })],
    },
  ],
  [
    "a plain file that shows again when the readers have given up",
    "no-marker",
    {
      records: [
        ...doubts,
        ...unmarked,
        record("producer", "marker", "error", { errno: "ENOSPC" }),
        record("producer", "inspect", "info", { uptime: 2080 }),
        unseenByControl,
        ...ROLES.flatMap((role) => [
          record(role, "read", "error", { errno: "ENOENT", mountinfo: FUSE }),
          gaveUp(role),
          record(role, "read", "ok", { uptime: 2090, nonce: "00000000", fstype: "ext4", mountinfo: PLAIN }),
        ]),
      ],
    },
  ],
  [
    "a plain file, and a sandbox whose readers have not all given up",
    undefined,
    { pods: podsWith({}, sandbox), records: [...doubts, ...mounted, unseenByControl, gaveUp("default")] },
  ],
  [
    "another run's marker on FUSE, while nobody knows whether the control was born with it",
    undefined,
    {
      records: [
        ...ROLES.map((role) =>
          record(role, "doubt", "error", { kind: "hollow", fstype: "fuse.rclone", mountinfo: FUSE }),
        ),
        record("default", "read", "ok", { nonce: "00000000", mountinfo: FUSE }),
        record("producer", "mount", "error", { detail: "no remote" }),
      ],
    },
  ],
  [
    "a control that was made again with a copy, which shows the next marker, after the readers' success",
    "success",
    {
      records: [
        ...mounted,
        unseenByControl,
        ...ROLES.flatMap((role) => sees(role)),
        record("control", "start", "info", { uptime: 2065, fuse_at_start: "yes" }),
        record("producer", "marker", "ok", { uptime: 2066, nonce: SECOND }),
        record("control", "control", "error", { uptime: 2066.1, kind: "seen", nonce: SECOND }),
      ],
    },
  ],
  [
    "a private root, while no pod is known",
    undefined,
    { pods: [], events: [{ object: "pod/fuse-producer", reason: "Failed", message: NOT_SHARED }] },
  ],
  [
    "words of a dead mount, while no pod is known",
    undefined,
    { pods: [], events: [{ object: "pod/fuse-consumer", reason: "Failed", message: `Error: ${DEAD}` }] },
  ],
  [
    "a bridge on FUSE, of a producer that has said nothing",
    "unknown",
    {
      final: true,
      pods: podsWith({}, { spec: leaf() }),
      records: ROLES.flatMap(bound).map((one) => ({ ...one, nonce: undefined })),
    },
  ],
  [
    "a nonce of which the producer's log may yet tell",
    undefined,
    { records: [...mounted, unseenByControl, ...ROLES.flatMap((role) => [...bound(role), ...late(role)])] },
  ],
  [
    "a nonce of which the producer's log does not tell, since it was lost from then on",
    "unknown",
    {
      final: true,
      records: [...mounted, unseenByControl, ...sees("default", SECOND, 7), ...sees("hardened", SECOND, 7)],
    },
  ],
  [
    "a control that started with a mount of an earlier run, and sees this one's",
    "hollow-success",
    {
      records: [
        ...mounted,
        record("control", "start", "info", { uptime: 2055, fuse_at_start: "yes" }),
        record("control", "control", "info", { kind: "late", nonce: NONCE, uptime: 2058 }),
        ...ROLES.flatMap((role) => [
          record(role, "doubt", "error", { kind: "control-late", uptime: 2058.1 }),
          gaveUp(role),
        ]),
      ],
    },
  ],
  [
    "a control that started before the mount, and sees it at its first look",
    "hollow-success",
    {
      records: [
        ...mounted,
        record("control", "start", "info", { uptime: 2057.2, fuse_at_start: "no" }),
        record("control", "control", "info", { kind: "late", nonce: NONCE, uptime: 2057.3 }),
        ...ROLES.flatMap((role) => [
          record(role, "doubt", "error", { kind: "control-late", uptime: 2057.4 }),
          gaveUp(role),
        ]),
      ],
    },
  ],
  [
    "a look that met the end of the schedule's crash, when the next daemon had been started",
    "control-too-late",
    {
      pods: podsWith(oom),
      records: [
        ...mounted,
        crash,
        again,
        record("control", "control", "info", { kind: "late", nonce: NONCE, uptime: 2058 }),
        ...ROLES.flatMap((role) => [dead(role, 2064.02), gaveUp(role)]),
      ],
    },
  ],
  [
    "a mount that another container's user saw dead",
    "unknown",
    { final: true, pods: podsWith(oom), records: [...mounted, ...missed, { ...dead("user", 2070) }] },
  ],
];

describe("where two faults meet", () => {
  for (const [what, cause, more] of cases)
    it(`${cause ?? "none yet"}: ${what}`, () => assert.equal(judge(evidence(more))?.cause, cause));

  it("is too late only who gave up before anybody could read the marker", () => {
    const until = (absent_until: string) => [
      ...unmarked,
      record("producer", "marker", "ok", { uptime: 2088, nonce: NONCE, absent_until }),
      unseenByControl,
      ...ROLES.flatMap((role) => [record(role, "read", "error", { errno: "ENOENT" }), gaveUp(role)]),
    ];
    assert.equal(judge(evidence({ records: until("2087.5") }))?.cause, "mounted-too-late");
    assert.equal(judge(evidence({ records: until("2086.5") }))?.cause, "unknown");
    // A marker that fails would be a cause of its own.
    const [mount] = until("2087.5").filter(({ step }) => step === "mount");
    const early = [
      ...until("2087.5").filter(({ role }) => role !== "producer"),
      { ...mount, uptime: 2087.9 } as ProbeRecord,
    ];
    assert.equal(judge(evidence({ records: early })), undefined);
  });

  it("is too late for certain only once the control has recorded what a SUCCESS rests on", () => {
    const second = [
      again,
      record("producer", "mount", "ok", { uptime: 2064.2, propagation: "shared:38", mountinfo: FUSE }),
      record("producer", "marker", "ok", { uptime: 2064.3, nonce: SECOND }),
    ];
    const born = [
      record("control", "start", "info", { uptime: 2057.3, fuse_at_start: "yes", mountinfo: BRIDGE }),
      record("control", "control", "info", { uptime: 2057.4, kind: "late", nonce: NONCE, mountinfo: BRIDGE }),
    ];
    const reads = ROLES.flatMap(late).map((one) => (one.step === "start" ? altered(one, { mountinfo: BRIDGE }) : one));
    const read = [...mounted, crash, ...second, ...born, ...reads];
    const blinded = record("control", "control", "ok", { uptime: 2061.2, mountinfo: BRIDGE });
    const exposed = read.map((one) => (one.step === "identity" ? altered(one, { uid: "0" }) : one));
    assert.equal(judge(evidence({ records: read })), undefined);
    assert.equal(judge(evidence({ records: [...read, blinded] }))?.cause, "success");
    assert.equal(judge(evidence({ records: read, final: true }))?.cause, "control-too-late");
    assert.equal(judge(evidence({ records: exposed })), undefined);
    assert.equal(judge(evidence({ records: [...exposed, blinded] }))?.cause, "control-too-late");
  });

  it("is too late by a reader's word only where the control has recorded the same", () => {
    const doubted = ROLES.flatMap((role) => [
      record(role, "doubt", "error", { kind: "control-late", uptime: 2058.1 }),
      gaveUp(role),
    ]);
    const start = record("control", "start", "info", { uptime: 2055, fuse_at_start: "yes" });
    const copied = altered(start, { uptime: 2057.3 });
    const recorded = record("control", "control", "info", { kind: "late", nonce: NONCE, uptime: 2058 });
    const causeOf = (records: readonly ProbeRecord[], final = false) =>
      judge(evidence({ records: [...mounted, ...doubted, ...records], final }))?.cause;
    assert.equal(causeOf([start]), undefined);
    assert.equal(causeOf([start], true), "unknown");
    assert.equal(causeOf([], true), "unknown");
    assert.equal(causeOf([start, recorded]), "hollow-success");
    assert.equal(causeOf([copied, recorded]), "control-too-late");
  });

  it("is a copy of the mount that was there, although the next one's marker is the same file", () => {
    const records = [
      ...unmarked,
      record("control", "start", "info", { uptime: 2057.3, fuse_at_start: "yes" }),
      record("control", "control", "info", { kind: "late", nonce: NONCE, uptime: 2057.4 }),
      record("producer", "marker", "error", { uptime: 2057.5, errno: "ENOTCONN" }),
      altered(exit137, { exit_code: "1" }),
      again,
      record("producer", "mount", "ok", { uptime: 2064.1, mountinfo: FUSE }),
      record("producer", "marker", "ok", { uptime: 2064.4, nonce: NONCE }),
      ...ROLES.flatMap((role) => [dead(role, 2058), gaveUp(role, 2063)]),
    ];
    assert.notEqual(judge(evidence({ records, final: true }))?.cause, "hollow-success");
  });

  it("is no marker for certain only once the producer's log has passed the readers' end", () => {
    const failed = record("producer", "marker", "error", { errno: "EIO" });
    const read = ROLES.flatMap((role) => [
      record(role, "read", "error", { uptime: 2060, errno: "ENOENT", mountinfo: FUSE }),
      gaveUp(role),
    ]);
    const causeOf = (...more: ProbeRecord[]) =>
      judge(evidence({ records: [...unmarked, failed, crash, unseenByControl, ...read, ...more] }))?.cause;
    const next = record("producer", "marker", "ok", { uptime: 2066, nonce: SECOND });
    assert.equal(causeOf(), undefined);
    assert.equal(causeOf(record("producer", "inspect", "info", { uptime: 2070 })), "no-marker");
    assert.equal(causeOf(record("producer", "clean", "ok", { uptime: 2088 })), "no-marker");
    assert.notEqual(causeOf(next), "no-marker");
  });

  it("is hollow by a reader's word on the control only where it is known how the control started", () => {
    const doubted = ROLES.flatMap((role) => [
      record(role, "doubt", "error", { kind: "hollow", uptime: 2058.1, fstype: "fuse.rclone", mountinfo: FUSE }),
      gaveUp(role),
    ]);
    const causeOf = (records: readonly ProbeRecord[]) =>
      judge(evidence({ records: [...mounted, ...doubted, ...records], final: true }))?.cause;
    assert.notEqual(causeOf([]), "hollow-success");
    assert.equal(causeOf([record("control", "start", "info", { fuse_at_start: "no" })]), "hollow-success");
  });

  it("is a bound mount by the kubelet's words only where the reader has not been started after all", () => {
    const refused = waiting("consumer", "fuse-consumer", "CreateContainerError", DEAD);
    const said = { object: "pod/fuse-consumer", container: "fuse-consumer", reason: "Failed", message: DEAD };
    const ended = altered(exit137, { exit_code: "1" });
    const dies = { records: [...mounted, ended], events: [said] };
    const stuck = { ...dies, pods: podsWith({}, { ...refused, spec: leaf() }) };
    assert.equal(judge(evidence(stuck)), undefined);
    assert.equal(judge(evidence({ ...stuck, final: true }))?.cause, "consumer-binds-mountpoint");
    // The daemon is back, and the readers are made with its next mount.
    const records = [
      ...dies.records,
      again,
      record("producer", "mount", "ok", { uptime: 2064.1, propagation: "shared:38", mountinfo: FUSE }),
      record("producer", "marker", "ok", { uptime: 2064.4, nonce: SECOND }),
      unseenByControl,
      ...ROLES.flatMap((role) =>
        sees(role, SECOND, 7.1).map((one) =>
          one.step === "start" ? altered(one, { uptime: 2064.2, fuse_at_start: "yes", mountinfo: FUSE }) : one,
        ),
      ),
    ];
    assert.equal(
      judge(evidence({ ...dies, records, pods: podsWith({}, { spec: leaf() }) }))?.cause,
      "control-too-late",
    );
  });

  it("is a bound mount for certain only once each reader has recorded how its volume is mounted", () => {
    const mountinfo = FUSE.replace("387 ", "388 ");
    const born = (role: AnyRole) =>
      record(role, "start", "info", { uptime: 2058, fuse_at_start: "yes", propagation: "private", mountinfo });
    const met = [...mounted, born("default"), crash, altered(dead("default", 2061.1), { mountinfo })];
    const spec = leaf();
    const none = spec.containers.map(({ bridge, ...one }) =>
      bridge ? { ...one, bridge: { ...bridge, propagation: "None" as const } } : one,
    );
    const causeOf = (records: readonly ProbeRecord[], containers: typeof spec.containers, final = false) =>
      judge(evidence({ records, pods: podsWith({}, { spec: { containers } }), final }))?.cause;
    assert.equal(causeOf(met, none), undefined);
    assert.equal(causeOf(met, none, true), "consumer-binds-mountpoint");
    assert.equal(causeOf([...met, born("hardened")], none), "consumer-not-host-to-container");
    const passedOn = [...met, born("hardened")].map((one) =>
      one.step === "start" ? altered(one, { propagation: "master:1" }) : one,
    );
    assert.equal(causeOf(passedOn, spec.containers), "consumer-binds-mountpoint");
  });

  it("is unknown only once the producer has recorded the file that a late control saw, which its first mount did not show it", () => {
    const path = "/bridge/fuse/film.mkv";
    const records = [
      record("control", "start", "info", { uptime: 2055, fuse_at_start: "yes" }),
      ...unmarked,
      record("control", "control", "error", { uptime: 2057.4, kind: "seen", nonce: NONCE, mountinfo: FUSE }),
      record("producer", "marker", "error", { uptime: 2057.5, errno: "ECONNABORTED", path }),
      crash,
      ...ROLES.map((role) => gaveUp(role)),
      record("producer", "clean", "ok", { uptime: 2088 }),
    ];
    const causeOf = (...more: ProbeRecord[]) => judge(evidence({ records: [...records, ...more] }))?.cause;
    assert.equal(causeOf(), undefined);
    assert.equal(causeOf(record("producer", "marker", "ok", { uptime: 2090, nonce: NONCE, path })), "hollow-success");
    assert.equal(causeOf(record("producer", "marker", "ok", { uptime: 2090, nonce: SECOND, path })), "unknown");
    assert.equal(causeOf(record("producer", "inspect", "info", { uptime: 2090 })), "unknown");
  });

  it("is unknown only once the control has recorded anything: it may have come too late", () => {
    const records = [...mounted, ...ROLES.flatMap(misses)];
    assert.equal(judge(evidence({ records })), undefined);
    assert.equal(judge(evidence({ records: [...records, unseenByControl] }))?.cause, "unknown");
    const late = record("control", "control", "info", { uptime: 2060, kind: "late", nonce: NONCE });
    assert.equal(judge(evidence({ records: [...records, late] }))?.cause, "control-too-late");
    assert.equal(judge(evidence({ records, final: true }))?.cause, "unknown");
    // Of a marker that the producer has not recorded yet.
    const next = [...records, { ...late, nonce: SECOND }];
    assert.equal(judge(evidence({ records: next })), undefined);
    const marker = record("producer", "marker", "ok", { uptime: 2059, nonce: SECOND });
    assert.equal(judge(evidence({ records: [...next, marker] }))?.cause, "control-too-late");
    const silent = record("producer", "clean", "ok", { uptime: 2064 });
    assert.equal(judge(evidence({ records: [...next, silent] }))?.cause, "unknown");
  });

  it("is hollow for certain only once the producer has recorded its mount", () => {
    const gone = ROLES.map((role) => gaveUp(role));
    const started = record("control", "start", "info", { uptime: 2055, fuse_at_start: "no" });
    const records = [...doubts, started, unseenByControl, ...gone];
    assert.equal(judge(evidence({ records })), undefined);
    assert.equal(judge(evidence({ records, final: true }))?.cause, "hollow-success");
    const failed = record("producer", "marker", "error", { uptime: 2090, errno: "EIO" });
    assert.equal(judge(evidence({ records: [...records, ...unmarked, failed] }))?.cause, "hollow-success");
  });

  it("is a mount of an earlier run only where the producer cannot have made it by now", () => {
    const words = (component: Component) => [
      { object: `pod/fuse-${component}`, container: `fuse-${component}`, reason: "Failed", message: DEAD },
    ];
    const causeOf = (producer: Partial<PodFact>, said: Component, final = false) =>
      judge(evidence({ pods: podsWith(producer, { containers: [] }), events: words(said), final }))?.cause;
    const starting = waiting("producer", "fuse-producer", "ContainerCreating", "");
    assert.equal(causeOf(starting, "consumer"), undefined);
    assert.equal(causeOf(starting, "consumer", true), "unknown");
    assert.equal(causeOf({ phase: "Pending", containers: [] }, "consumer"), undefined);
    // Nobody has reported any pod: the producer may well run.
    assert.equal(judge(evidence({ events: words("consumer"), final: true }))?.cause, "unknown");
    assert.equal(causeOf(starting, "producer"), "stale-mount-left");
    assert.equal(
      causeOf(waiting("producer", "fuse-producer", "CreateContainerError", DEAD), "consumer"),
      "stale-mount-left",
    );
  });

  it("is the producer's own volume that keeps it from starting only where nobody reads what it had mounted", () => {
    const refused = { ...waiting("producer", "fuse-producer", "CreateContainerError", DEAD), spec: leaf("producer") };
    const causeOf = (records: readonly ProbeRecord[], spec = refused.spec) =>
      judge(evidence({ records, pods: podsWith({ ...refused, spec }) }))?.cause;
    assert.equal(causeOf([]), "producer-binds-mountpoint");
    assert.equal(causeOf([], made("producer")), "stale-mount-left");
    assert.equal(causeOf(mounted), undefined);
    assert.equal(causeOf([...mounted, ...ROLES.map((role) => gaveUp(role))]), "producer-binds-mountpoint");
    const read = ROLES.flatMap((role) => sees(role));
    assert.equal(causeOf([...mounted, unseenByControl, ...read]), "success");
  });

  it("is the producer's own volume by words on the producer only", () => {
    const refused = { ...waiting("consumer", "fuse-consumer", "CreateContainerError", DEAD), spec: made("consumer") };
    const pods = podsWith({ spec: leaf("producer") }, refused);
    assert.notEqual(judge(evidence({ pods, final: true }))?.cause, "producer-binds-mountpoint");
  });

  it("is a failure only where a marker was there before the readers gave up, and was not read through FUSE", () => {
    const verdictOf = (records: readonly ProbeRecord[]) => judge(evidence({ records, final: true }))?.verdict;
    const failed = record("producer", "marker", "error", { errno: "EIO" });
    const later = record("producer", "marker", "ok", { uptime: 2099, nonce: SECOND });
    assert.equal(verdictOf([...unmarked, { ...failed, errno: "ENOTCONN" }, later, ...missed]), "inconclusive");
    const untold = ROLES.map((role) => record(role, "read", "ok", { uptime: 2080, nonce: SECOND, mountinfo: FUSE }));
    assert.equal(verdictOf([...mounted, ...untold, ...missed]), "inconclusive");
    assert.equal(verdictOf([...mounted, ...missed]), "failure");
  });
});
