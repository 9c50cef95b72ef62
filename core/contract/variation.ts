/** How a scenario's pair of pods differs from the base pair: each in one way. */
import { type Fault, faultIn } from "./faults.ts";
import { MEDIA, type Medium } from "./samePod.ts";

/** What else a volume may be than the directory above the mount point: see pairPaths in bridge.ts. */
const LAYOUTS = {
  leaf: "in both pods the volume is mounted at the mount point itself",
  "producer-leaf": "in the producer the volume is mounted at the mount point itself",
  "sub-path": "in the consumer the mount point is mounted alone, as a subPath of the volume",
} as const;

/** When a reader ends: at its first dead read, or when the daemon is back and it still cannot read. */
const READERS_RESTART = {
  dead: "each reader ends at its first dead read, and the kubelet starts it again",
  "still-dead": "each reader that cannot read when the daemon is back ends, and the kubelet starts it again",
} as const;

/** As many as probe/sweep.sh takes away. */
export const MANY_MOUNTS = 20;

/** How a scenario's pair differs from the base pair. */
export interface Variation {
  readonly fault: Fault;
  /**
   * What the pods' volumes are: see LAYOUTS.
   * @default parent
   */
  readonly layout?: "parent" | keyof typeof LAYOUTS;
  /** @default hostPath */
  readonly bridge?: "hostPath" | "emptyDir";
  /** The daemon unmounts its mount point before it mounts, as some do when they start. */
  readonly unmountAtStart?: boolean;
  /** How long the daemon takes before it mounts, in seconds. */
  readonly delaySeconds?: number;
  /**
   * How many FUSE file systems the producer mounts, each by a daemon of its own.
   * @default 1
   */
  readonly mounts?: number;
  /** The consumer's containers are created after the first mount. */
  readonly late?: boolean;
  /** Each reader ends once, as with a liveness probe, and the kubelet starts it again: see READERS_RESTART. */
  readonly readersRestart?: keyof typeof READERS_RESTART;
  /** The consumer has a user namespace of its own: `hostUsers: false`. */
  readonly userNamespace?: true;
  /** The daemon is a native sidecar in the readers' own pod, and this is the volume between them: see samePod.ts. */
  readonly samePod?: Medium;
}

/** Its variables for the scripts of the probe: the name, what it holds, and which scripts read it. */
export const VARIATION_VARIABLES = {
  mounts: { variable: "MOUNTS", holds: "number", readBy: ["producer", "consumer"] },
  unmountAtStart: { variable: "UNMOUNT_AT_START", holds: "word", readBy: ["producer"] },
  delaySeconds: { variable: "DELAY_SECONDS", holds: "number", readBy: ["producer"] },
  samePod: { variable: "SAME_POD", holds: "word", readBy: ["producer"] },
} as const satisfies {
  readonly [Name in keyof Variation]?: {
    variable: string;
    holds: "number" | "word";
    readBy: readonly ("producer" | "consumer")[];
  };
};

/** How a pair differs from the base pair, a part of a sentence each. */
export const differencesOf = (pair: Variation): string[] =>
  [
    pair.samePod
      ? `the daemon is a native sidecar of the readers' own pod, and ${MEDIA[pair.samePod]} is between them`
      : undefined,
    pair.layout === undefined || pair.layout === "parent" ? undefined : LAYOUTS[pair.layout],
    pair.bridge === "emptyDir" ? "the bridge is an emptyDir in each pod" : undefined,
    pair.unmountAtStart ? "the daemon unmounts its mount point before it mounts" : undefined,
    pair.delaySeconds ? `the daemon takes ${pair.delaySeconds} seconds before it mounts` : undefined,
    pair.mounts ? `the producer mounts ${pair.mounts} file systems, each by a daemon of its own` : undefined,
    pair.late ? "the consumer is created after the first mount" : undefined,
    pair.userNamespace ? "the consumer has a user namespace of its own (`hostUsers: false`)" : undefined,
    faultIn(pair)?.how,
    pair.samePod
      ? "then it runs out of memory, and is started again; then its pod is deleted and made again, once in order, and once while the sidecar leaves its mount"
      : undefined,
    pair.readersRestart ? READERS_RESTART[pair.readersRestart] : undefined,
  ].filter((one) => one !== undefined);
