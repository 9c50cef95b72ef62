/**
 * The times that an operator can set. The settings' schema has each as it is described here; the probe's scripts read some as a
 * variable, to which core/plan/schedule.ts adds what a scenario needs.
 */
interface Time {
  /** The smallest and the largest value, and that of who gives none; in the unit that the name ends with. */
  readonly from: number;
  readonly to: number;
  readonly usual: number;
  /** What it means, for who sets it. */
  readonly means: string;
  /** The variable that the probe's scripts have it in, and which of them read it. */
  readonly variable?: string;
  readonly readBy?: readonly string[];
}

/** How long a pod may take to start, images present, before its own deadline counts against the inspection window, in seconds. */
export const START_ALLOWANCE_SECONDS = 300;

export const TIMES = {
  markerWaitSeconds: {
    from: 1,
    to: 3600,
    usual: 30,
    means: "How long the consumer waits for the marker, in seconds.",
    variable: "MARKER_WAIT_SECONDS",
    readBy: ["consumer"],
  },
  settleSeconds: {
    from: 0,
    to: 600,
    usual: 3,
    means: "How long the producer waits before it mounts, so that the consumer is there first, in seconds.",
    variable: "SETTLE_SECONDS",
    readBy: ["producer"],
  },
  mountSeconds: {
    from: 1,
    to: 600,
    usual: 10,
    means: "How long the FUSE daemon may take to mount, in seconds.",
    variable: "MOUNT_SECONDS",
    readBy: ["producer"],
  },
  holdSeconds: {
    from: 1,
    to: 3600,
    usual: 3,
    means: "How long the first mount is held before its daemon is killed, in seconds.",
    variable: "HOLD_SECONDS",
    readBy: ["producer"],
  },
  staleSeconds: {
    from: 1,
    to: 3600,
    usual: 2,
    means: "How long the dead mount is left before it is taken away, in seconds.",
    variable: "STALE_SECONDS",
    readBy: ["producer"],
  },
  recoverSeconds: {
    from: 1,
    to: 3600,
    usual: 4,
    means: "How long the second mount is held before it is unmounted in order, in seconds.",
    variable: "RECOVER_SECONDS",
    readBy: ["producer"],
  },
  probeSeconds: {
    from: 1,
    to: 60,
    usual: 2,
    means: "Deadline of every single stat and read, in seconds.",
    variable: "PROBE_SECONDS",
    readBy: ["producer", "consumer", "turn"],
  },
  inspectionMinutes: {
    from: 1,
    to: 24 * 60,
    usual: 30,
    means: "How long the pods stay for inspection before they end by themselves, in minutes.",
  },
  collectSeconds: {
    from: 10,
    to: 3600,
    usual: 300,
    means: "How long to wait for a verdict, image pulls included, in seconds.",
  },
} as const satisfies Readonly<Record<string, Time>>;

export type Times = { readonly [Name in keyof typeof TIMES]: number };

/**
 * How much longer than usual to wait for a node, five times at most: who gives a read five times as long has a node that is slow at
 * everything, such as an emulated one.
 */
export const slowness = ({ probeSeconds = TIMES.probeSeconds.usual }: Partial<Times>): number =>
  Math.min(5, Math.max(1, probeSeconds / TIMES.probeSeconds.usual));
