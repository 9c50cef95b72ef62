/** On which nodes a pod may run, as far as its manifest says. */
import { isDeepStrictEqual } from "node:util";
import { type Fields, listOf, mapOf, stringOf, type Workload } from "./workload.ts";

const HOSTNAME = "kubernetes.io/hostname";

/** The nodes that a pod names; undefined where it names none. */
export function pinnedTo({ spec }: Workload): readonly string[] | undefined {
  const name = stringOf(spec.nodeName) || stringOf(mapOf(spec.nodeSelector)[HOSTNAME]);
  if (name) return [name];
  const required = mapOf(mapOf(mapOf(spec.affinity).nodeAffinity).requiredDuringSchedulingIgnoredDuringExecution);
  const terms = listOf(required.nodeSelectorTerms).map((term) =>
    listOf(mapOf(term).matchExpressions)
      .map(mapOf)
      .find(({ key, operator }) => key === HOSTNAME && operator === "In"),
  );
  // Terms are alternatives: one that names no node allows any.
  if (terms.length === 0 || terms.some((term) => term === undefined)) return undefined;
  return terms.flatMap((term) => listOf(term?.values).map(stringOf));
}

/** Whether two pods cannot be on one node. */
export function areApart(one: Workload, other: Workload): boolean {
  const [here, there] = [pinnedTo(one), pinnedTo(other)];
  return here !== undefined && there !== undefined && !here.some((node) => there.includes(node));
}

/** Whether something makes sure that two pods are on one node; labels of nodes are taken for those of one. */
export function areTogether(one: Workload, other: Workload): boolean {
  if (one.kind === "DaemonSet" || other.kind === "DaemonSet") return true;
  const [here, there] = [pinnedTo(one), pinnedTo(other)];
  if (here?.length === 1 && there?.length === 1 && here[0] === there[0]) return true;
  return (
    isSame(one.spec.nodeSelector, other.spec.nodeSelector) ||
    isSame(mapOf(one.spec.affinity).nodeAffinity, mapOf(other.spec.affinity).nodeAffinity) ||
    follows(one, other) ||
    follows(other, one)
  );
}

const isSame = (one: unknown, other: unknown): boolean =>
  Object.keys(mapOf(one)).length > 0 && isDeepStrictEqual(one, other);

/** Whether a pod must be on the node where the other is. */
function follows({ spec }: Workload, { labels }: Workload): boolean {
  const { requiredDuringSchedulingIgnoredDuringExecution: terms } = mapOf(mapOf(spec.affinity).podAffinity);
  return listOf(terms)
    .map(mapOf)
    .some(({ topologyKey, labelSelector }) => topologyKey === HOSTNAME && selects(mapOf(labelSelector), labels));
}

function selects({ matchLabels, matchExpressions }: Fields, labels: Fields): boolean {
  const wanted = Object.entries(mapOf(matchLabels));
  const expressions = listOf(matchExpressions).map(mapOf);
  return (
    wanted.length + expressions.length > 0 &&
    wanted.every(([key, value]) => labels[key] === value) &&
    expressions.every(({ key, operator, values }) => {
      const value = labels[stringOf(key)];
      return operator === "In" ? listOf(values).includes(value) : operator === "Exists" && value !== undefined;
    })
  );
}
