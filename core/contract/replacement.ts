/**
 * How the producer's pod is replaced by another of the same name, as a rollout, an eviction or a person does it. The collector
 * deletes it through the API and makes it again; an annotation tells the new pod's probe which one it follows, and how that went.
 */
import { PROJECT } from "./names.ts";
import type { SamePodWay } from "./samePod.ts";

interface WayEntry {
  /** For people: what became of the pod. */
  readonly words: string;
  /** A service of the node that is restarted before the pod is deleted in order. */
  readonly restarts?: Service;
}

/** A service of a node: the kubelet, or the container runtime below it. */
export type Service = "kubelet" | "runtime";

/**
 * `deleted`: in order, with the pod's own grace period. `forced`: with a grace period of 0, where the API server forgets the pod at
 * once, and the new one may run before the old one has ended.
 *
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-forced
 */
export const REPLACEMENT_WAYS = {
  deleted: { words: "deleted in order" },
  forced: { words: "deleted by force (--force --grace-period=0)" },
  kubelet: { words: "deleted in order, after a restart of the node's kubelet", restarts: "kubelet" },
  runtime: { words: "deleted in order, after a restart of the node's container runtime", restarts: "runtime" },
} as const satisfies Readonly<Record<string, WayEntry>>;
export type ReplacementWay = keyof typeof REPLACEMENT_WAYS;
export const WAY_NAMES = Object.keys(REPLACEMENT_WAYS) as ReplacementWay[];

/** What a pod's readers must survive for grade A. */
export const GRADED: readonly ReplacementWay[] = ["deleted", "forced"];

export const serviceOf = (way: ReplacementWay): Service | undefined => (REPLACEMENT_WAYS[way] as WayEntry).restarts;

/** Annotation of a producer's pod that took another's place: `WAY UID`, of the pod before it. */
export const REPLACES = `${PROJECT}/replaces`;

/** Where the producer finds its pod's annotations, as a volume of the downward API has them. */
export const POD_PATH = "/pod";

export const replaces = (way: ReplacementWay | SamePodWay, uid: string): string => `${way} ${uid}`;
