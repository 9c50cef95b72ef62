/**
 * The daemon as a native sidecar in the pod of those who read: an init container with `restartPolicy: Always`, and a volume that only
 * this pod has, or a directory of the node. The collector deletes the pod and makes it again; an annotation tells the new one how the
 * one before it went (see replacement.ts).
 *
 * https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
 */

/** The volume between the sidecar and its readers, and the same for people. The words are the variable SAME_POD's. */
export const MEDIA = {
  emptyDir: "an emptyDir",
  memory: "an emptyDir in memory",
  hostPath: "a directory of the node",
} as const;
export type Medium = keyof typeof MEDIA;

/** The container that is the sidecar. */
export const SIDECAR = "fuse-sidecar";

/** Where the sidecar has the scenario's directory of the node, if that is not the volume itself. */
export const STORE_PATH = "/store";

/**
 * How the pod is deleted, in turn: `tidy`, in order, and its sidecar unmounts; `untidy`, in order, and its sidecar ends without
 * that, as one that is killed.
 */
export const SAME_POD_WAYS = ["tidy", "untidy"] as const;
export type SamePodWay = (typeof SAME_POD_WAYS)[number];

export const isSamePodWay = (way: string): way is SamePodWay => SAME_POD_WAYS.some((one) => one === way);

/** The same for people. */
export const SAME_POD_WORDS: Readonly<Record<SamePodWay, string>> = {
  tidy: "deleted in order",
  untidy: "deleted while its sidecar leaves its mount",
};
