import { BOTH, CONSUMER, PRODUCER, SWEEP_PODS } from "../contract/names.ts";
import { PAIR_SCENARIOS } from "../contract/scenarios.ts";
import type { Allowed } from "./allowed.ts";
import type { PodView } from "./pods.ts";
import type { Review } from "./review.ts";

/** The pods of this project. A pod's kind, namespace and name say which it is; a label proves nothing. */
export type PodRole = "producer" | "consumer" | "same-pod" | "sweep-check" | "sweep-unmount";

const NAMES: Readonly<Record<PodRole, string>> = {
  producer: PRODUCER,
  consumer: CONSUMER,
  "same-pod": BOTH,
  "sweep-check": SWEEP_PODS.check,
  "sweep-unmount": SWEEP_PODS.unmount,
};

/** The role a pod's name claims, or undefined. */
export function roleOf(review: Review, pod: PodView): PodRole | undefined {
  const { subject, allowed } = review;
  if (!pod.bare || subject.apiVersion !== "v1" || subject.resource?.type.endsWith("Patch")) return undefined;
  if (review.namespace !== allowed.namespace) return undefined;
  const roles = (Object.keys(NAMES) as PodRole[]).filter((role) => mayExist(role, allowed));
  return roles.find((role) => podNames(role, allowed).includes(review.name));
}

/** Whether pods of this role are let through at all. */
export const mayExist = (role: PodRole, { sweep }: Allowed): boolean => sweep === true || !role.startsWith("sweep");

/** Every name that core/manifests gives to a pod of this role: with one node no suffix; with several, the node's name. */
export function podNames(role: PodRole, { nodes }: Allowed): string[] {
  const base = NAMES[role];
  const scenarios = PAIR_SCENARIOS.filter(({ pair }) => (pair.samePod !== undefined) === (role === "same-pod"));
  const pairs = role.startsWith("sweep") ? [] : scenarios.map(({ id }) => `${base}-${id}`);
  return [...(role === "same-pod" ? [] : [base]), ...pairs].flatMap((name) => onNodes(name, nodes));
}

/** The names of the pods whose scenario is about a subPath. */
export const subPathPods = ({ nodes }: Pick<Allowed, "nodes">): string[] =>
  PAIR_SCENARIOS.filter(({ pair }) => pair.layout === "sub-path").flatMap(({ id }) =>
    onNodes(`${NAMES.consumer}-${id}`, nodes),
  );

const onNodes = (name: string, nodes: readonly string[]): string[] => [name, ...nodes.map((node) => `${name}-${node}`)];
