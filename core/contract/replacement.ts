/**
 * How the producer's pod is replaced by another of the same name, as a rollout, an eviction or a person does it. The collector
 * deletes it through the API and makes it again; an annotation tells the new pod's probe which one it follows, and how that went.
 */
import { PROJECT } from "./names.ts";
import type { SamePodWay } from "./samePod.ts";

/**
 * `deleted`: in order, with the pod's own grace period. `forced`: with a grace period of 0, where the API server forgets the pod at
 * once, and the new one may run before the old one has ended.
 *
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-forced
 */
export const WAYS = ["deleted", "forced"] as const;
export type Way = (typeof WAYS)[number];

/** The same for people. */
export const WAY_WORDS: Readonly<Record<Way, string>> = {
  deleted: "deleted in order",
  forced: "deleted by force (--force --grace-period=0)",
};

/** Annotation of a producer's pod that took another's place: `WAY UID`, of the pod before it. */
export const REPLACES = `${PROJECT}/replaces`;

/** Where the producer finds its pod's annotations, as a volume of the downward API has them. */
export const POD_PATH = "/pod";

export const replaces = (way: Way | SamePodWay, uid: string): string => `${way} ${uid}`;
