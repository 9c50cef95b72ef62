/** What goes on in one history: which pair of pods, what is wrong with node, pods, daemon and readers, and how its evidence travels. */
import fc from "fast-check";

/** As core/contract/scenarios.ts has them; the first two are the base pair, with and without the crash. */
export const SCENARIOS = {
  base: { fault: "crash" },
  "no-crash": { fault: "none" },
  "producer-restart": { fault: "die" },
  oom: { fault: "oom" },
  "consumer-restart": { fault: "crash", readersRestart: true },
  "late-consumer": { fault: "crash", late: true },
  "parent-vs-leaf": { fault: "crash", late: true, leaf: true },
  "unmount-at-start": { fault: "none", leaf: true, unmountAtStart: true },
  "empty-dir": { fault: "none" },
  "daemon-hang": { fault: "hang" },
  "slow-mount": { fault: "none", delay: 3 },
} as const satisfies Record<string, Variation>;

export interface Variation {
  readonly fault: "crash" | "none" | "die" | "hang" | "oom";
  readonly readersRestart?: boolean;
  readonly late?: boolean;
  readonly leaf?: boolean;
  readonly unmountAtStart?: boolean;
  readonly delay?: number;
}

const PODS = [
  "none",
  "producer-none",
  "producer-one-way",
  "default-none",
  "hardened-none",
  "readers-none",
  "other-path",
  "two-names",
  "subpath-reader",
  "different-nodes",
  "pod-security",
  "not-privileged",
  "quota",
  "taint",
  "no-room-yet",
  "image-missing",
  "image-late",
  "sandboxed",
  "user-namespace",
  "hardened-is-root",
  "control-off-bridge",
  "control-receives",
] as const;

const NODE = [
  "none",
  "root-private",
  "refused-before",
  "drops-producer",
  "drops-and-shares-producer",
  "drops-readers",
  "left-dead",
  "left-alive",
  "left-stuck",
  "in-use",
  "plain-marker",
  "stacked",
  "no-fuse",
  "module-loads",
  "device-denied",
  "no-fusermount",
  "mount-limit",
  "read-only",
  "lsm",
  "bridge-on-fuse",
] as const;

const DAEMON = [
  "none",
  "never",
  "silent",
  "slow",
  "too-slow",
  "reparented",
  "unkillable",
  "leaves",
  "dies",
  "killed",
  "comes-and-goes",
  "not-back",
  "backend-words",
  "marker-EROFS",
  "marker-EIO",
  "marker-ENOSPC",
  "marker-EISDIR",
  "second-marker-slow",
  "second-marker-fails",
  "clean-fails",
  "one-user",
  "hangs-at-once",
  "hangs-later",
  "oom",
  "oom-late",
] as const;

const READERS = [
  "none",
  "default-killed",
  "hardened-killed",
  "both-killed",
  "default-severed",
  "both-severed",
  "control-killed",
  "control-slow",
  "pod-late",
  "default-stuck",
] as const;

/** Whether it is asked what becomes of readers when the producer's pod is replaced, and what becomes of the pod in its place. */
const ASKED = ["no", "left-out", "yes"] as const;
const SUCCESSOR = ["well", "left-dead", "cannot-mount", "refused"] as const;

export interface Plan {
  readonly seed: number;
  /** 0: an idle machine; 3: each step may take most of a second. */
  readonly busy: number;
  readonly scenario: keyof typeof SCENARIOS;
  /** A file of the daemon's own is the marker: its nonce is the same in every mount. */
  readonly markerFile: boolean;
  readonly pods: (typeof PODS)[number];
  readonly node: (typeof NODE)[number];
  readonly daemon: (typeof DAEMON)[number];
  readonly readers: (typeof READERS)[number];
  readonly asked: (typeof ASKED)[number];
  readonly successor: (typeof SUCCESSOR)[number];
  /** When what the readers' trouble does to them happens, in seconds after the first mount. */
  readonly when: number;
  /** When the collector begins to look, in seconds after the pods were made. */
  readonly joins: number;
  /** How late the pods' states, the events and each container's log come, in seconds. */
  readonly lags: { readonly pods: number; readonly events: number; readonly logs: readonly number[] };
  /** A log that is not served any more, or not for some seconds, from a moment on. */
  readonly stall: { readonly log: number; readonly from: number; readonly seconds: number };
  /** A log that is never served: -1 for none. */
  readonly lost: number;
}

const mostly = <T>(usual: T, others: fc.Arbitrary<T>, weight = 5): fc.Arbitrary<T> =>
  fc.oneof({ withCrossShrink: true }, { arbitrary: fc.constant(usual), weight }, { arbitrary: others, weight: 3 });
const trouble = <T>(all: readonly [T, ...T[]]): fc.Arbitrary<T> => mostly(all[0], fc.constantFrom(...all));
const tenths = (max: number) => fc.integer({ min: 0, max: max * 10 }).map((ten) => ten / 10);

export const LOGS = ["producer", "control", "default", "hardened"] as const;

export const plans: fc.Arbitrary<Plan> = fc.record({
  seed: fc.nat(9999),
  busy: mostly(0, fc.integer({ min: 0, max: 3 })),
  scenario: mostly("base" as Plan["scenario"], fc.constantFrom(...(Object.keys(SCENARIOS) as Plan["scenario"][]))),
  markerFile: mostly(false, fc.boolean(), 8),
  pods: trouble(PODS),
  node: trouble(NODE),
  daemon: trouble(DAEMON),
  readers: trouble(READERS),
  asked: trouble(ASKED),
  successor: trouble(SUCCESSOR),
  when: tenths(10),
  joins: mostly(0, tenths(25)),
  lags: fc.record({
    pods: mostly(0, tenths(4)),
    events: mostly(0, tenths(20)),
    logs: fc.array(mostly(0, tenths(20)), { minLength: 4, maxLength: 4 }),
  }),
  stall: fc.record({
    log: mostly(-1, fc.integer({ min: 0, max: 3 })),
    from: tenths(20),
    seconds: fc.constantFrom(2, 6, 99),
  }),
  lost: mostly(-1, fc.integer({ min: 0, max: 3 }), 20),
});
