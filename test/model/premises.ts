/** What each cause takes for granted, as the model knows it: a verdict that names one whose premise does not hold is wrong. */
import type { Verdict } from "../../core/diagnosis/verdict.ts";
import { volumeOf } from "./pods.ts";
import { START, type World } from "./world.ts";

/** What was judged: the evidence of a history up to a moment. */
export interface Moment {
  readonly time: number;
  readonly final: boolean;
}

type Premise = (world: World, moment: Moment, verdict: Verdict) => boolean;

const READERS = ["default", "hardened"] as const;
const died = (world: World, ...by: readonly string[]): boolean => world.truth.deaths.some((one) => by.includes(one.by));
const pods =
  (...kinds: readonly World["plan"]["pods"][]): Premise =>
  ({ plan }) =>
    kinds.includes(plan.pods);
const node =
  (...kinds: readonly World["plan"]["node"][]): Premise =>
  ({ plan }) =>
    kinds.includes(plan.node);

const never: Premise = () => false;

/** Whether a reader gave up although a marker was there to read, and it had not read any. */
const unread = ({ truth }: World): boolean =>
  READERS.some((role) => {
    const gaveUp = truth.gaveUpAt[role];
    return (
      gaveUp !== undefined &&
      !truth.looks[role].some(({ nonce, at, failed }) => !failed && at <= gaveUp && isOwn(truth, nonce))
    );
  });
const isOwn = (truth: World["truth"], nonce: string | undefined): boolean =>
  nonce !== undefined && truth.mounts.some((one) => one.nonce === nonce);

/** Where something is to be read that is none of the run's mounts; over a stacked mount the producer's marker may lie, too. */
const HOLLOW: readonly string[] = ["plain-marker", "left-alive", "left-stuck", "bridge-on-fuse", "stacked"];

export const PREMISES: Readonly<Record<string, Premise>> = {
  // The law of success is one of its own.
  success: () => true,
  unknown: (world, _, { verdict }) => verdict !== "failure" || unread(world),
  "producer-not-privileged": pods("not-privileged"),
  "pod-security-denies": pods("pod-security"),
  "node-unavailable": ({ plan }, { time, final }) =>
    plan.pods === "taint" || (plan.pods === "no-room-yet" && final && time < START + 3.1 + plan.lags.pods),
  "image-unavailable": ({ plan }, { time, final }) =>
    plan.pods === "image-missing" || (plan.pods === "image-late" && final && time < START + 17 + plan.lags.pods),
  "different-nodes": pods("different-nodes"),
  "node-root-private": node("root-private"),
  "user-namespace": pods("user-namespace"),
  "sandboxed-runtime": pods("sandboxed"),
  "host-read-only": node("read-only"),
  "daemon-killed": (world) =>
    died(world, "outside") || world.plan.daemon === "killed" || world.plan.daemon.startsWith("oom"),
  "consumer-binds-mountpoint": ({ truth }) => truth.boundFuse,
  "stale-mount-left": node("left-dead", "left-alive", "left-stuck"),
  // A dead mount in its way is one of an earlier daemon here: no container of the model's producers is made again on its own.
  "producer-binds-mountpoint": ({ plan, variation }) => variation.leaf === true && plan.node.startsWith("left-"),
  "mount-limit": node("mount-limit"),
  "hollow-success": ({ plan }) => HOLLOW.includes(plan.node) || plan.pods === "control-receives",
  "fuse-unavailable": node("no-fuse"),
  "fuse-device-denied": node("device-denied"),
  "fusermount-missing": node("no-fusermount"),
  "lsm-denies": node("lsm"),
  "subpath-used": pods("subpath-reader"),
  "bridge-not-hostpath": ({ plan }) => plan.pods === "other-path" || plan.scenario === "empty-dir",
  "producer-not-bidirectional": (world) => volumeOf(world, "producer").propagation !== "Bidirectional",
  "consumer-not-host-to-container": (world) => READERS.some((role) => volumeOf(world, role).propagation === "None"),
  "runtime-drops-propagation": ({ plan }) => plan.node.startsWith("drops-") || plan.pods === "sandboxed",
  "peer-group-destroyed": ({ truth }) => truth.volumeUnmounted,
  "mounted-too-late": ({ truth }) => {
    const marked = Math.min(...truth.mounts.map(({ markedAt = Number.POSITIVE_INFINITY }) => markedAt));
    return READERS.some((role) => (truth.gaveUpAt[role] ?? Number.POSITIVE_INFINITY) < marked);
  },
  "stacked-mounts": node("stacked"),
  "allow-other-missing": ({ plan }) => plan.daemon === "one-user",
  "daemon-hung": (world) => died(world, "hang"),
  "daemon-ended": (world) => world.truth.mounts.length > 0 && world.truth.deaths.length > 0,
  // A file of the daemon's own cannot be found where something else lies over its mount.
  "no-marker": ({ plan }) =>
    plan.daemon.startsWith("marker-") ||
    plan.daemon === "second-marker-fails" ||
    (plan.markerFile && plan.node === "stacked"),
  "producer-never-mounted": ({ truth, plan }, { time }) =>
    plan.daemon === "leaves" || !truth.mounts.some(({ at }) => at <= time),
  // A container looks for the first time a moment after it was created: what came between the two is no proof either.
  // Who starts when every reader has answered has no part in it.
  "control-too-late": ({ truth: { startedWith, decidedAt } }) => {
    const over = Math.max(...READERS.map((role) => decidedAt[role] ?? Number.POSITIVE_INFINITY));
    return startedWith.some((at) => at <= over);
  },
  // What was mounted over the run's own mount came later: that is no use of the bridge by somebody else.
  "bridge-in-use": node("in-use"),
  "reader-not-hardened": pods("hardened-is-root"),
  "admission-refused": pods("quota"),
  // Nothing of these happens in the model.
  "bridge-mount-private": never,
  "daemon-slow": never,
  "marker-changes": never,
  "window-over": never,
};
