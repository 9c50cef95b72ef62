/** What the API server, the scheduler, the kubelet and the runtime say of the pods, judged as in a test. */
import type { CoreV1Event } from "@kubernetes/client-node";
import type { Quote } from "../diagnosis/causes/cause.ts";
import { type Cause, causes } from "../diagnosis/causes/index.ts";
import type { EventFact, Evidence, NodeFact, PodFact } from "../evidence/evidence.ts";
import { podFact } from "../evidence/facts.ts";
import type { Producer, Reader } from "../layout/pairs.ts";
import type { LivePod } from "./facts.ts";
import type { LinkSide } from "./links.ts";
import { type Proof, proof } from "./proof.ts";

/** The causes that stand on such words alone, and on no record of a test's own. */
const BY_WORDS: ReadonlySet<string> = new Set([
  "producer-not-privileged",
  "pod-security-denies",
  "admission-refused",
  "node-unavailable",
  "image-unavailable",
  "node-root-private",
  "bridge-mount-private",
  "host-read-only",
  "subpath-used",
  "user-namespace",
  "sandboxed-runtime",
  "mount-limit",
  "stale-mount-left",
]);

export const causeOf = (id: string): Cause | undefined => causes.find((one) => one.id === id);

/** A pod's trouble in the words of whoever met it; of one that runs there is none. */
export function wordProofs(
  side: LinkSide<Producer | Reader>,
  component: "producer" | "consumer",
  events: readonly CoreV1Event[],
  nodes: ReadonlyMap<string, NodeFact | "unreadable">,
): Proof[] {
  const evidence = evidenceOf(side.pod, component, events, nodes);
  const [pod] = evidence.pods;
  if (!pod || isUp(pod)) return [];
  for (const cause of causes) {
    const quotes = BY_WORDS.has(cause.id) ? cause.find(evidence) : undefined;
    if (!quotes) continue;
    const id = cause.id === "stale-mount-left" ? blocked(side) : cause.id;
    return [proof(id, side, causeOf(id)?.explanation ?? cause.explanation, quotes)];
  }
  return [];
}

/** A dead mount in a volume's way: left on the node, or that of a volume which is the mount point itself. */
function blocked({ end }: LinkSide<Producer | Reader>): string {
  const point = "producer" in end ? end.producer.point : end.point;
  if (point === undefined || end.volume !== point) return "stale-mount-left";
  return "producer" in end ? "consumer-binds-mountpoint" : "producer-binds-mountpoint";
}

const isUp = ({ containers }: PodFact): boolean =>
  containers.length > 0 && containers.every(({ state, exitCode }) => state === "running" || exitCode === 0);

function evidenceOf(
  pod: LivePod,
  component: "producer" | "consumer",
  events: readonly CoreV1Event[],
  nodes: ReadonlyMap<string, NodeFact | "unreadable">,
): Evidence {
  const fact = podFact(pod.pod);
  const containers = fact.spec?.containers.map(({ bridge: _, ...rest }) => rest) ?? [];
  const nodeFact = pod.node === undefined ? undefined : nodes.get(pod.node);
  return {
    node: pod.node ?? "",
    run: "",
    records: [],
    // Whether the other one is there, is no part of this one's question.
    pods: [{ ...fact, component, ...(fact.spec ? { spec: { ...fact.spec, containers } } : {}) }],
    events: events.filter((event) => isOf(event, pod)).map(eventFact),
    ...(nodeFact ? { nodeFact } : {}),
    refusals: [],
    final: true,
  };
}

const isOf = ({ involvedObject: { kind, name, uid } }: CoreV1Event, pod: LivePod): boolean =>
  kind === "Pod" && name === pod.name && (uid === undefined || uid === pod.pod.metadata?.uid);

export function eventFact({ involvedObject, reason = "", message = "" }: CoreV1Event): EventFact {
  const { kind, name = "", fieldPath } = involvedObject;
  const [, container] = /^spec\.(?:initC|c)ontainers\{(.+)\}$/.exec(fieldPath ?? "") ?? [];
  return { object: `${kind?.toLowerCase()}/${name}`, ...(container ? { container } : {}), reason, message };
}

/** What Kubernetes warns of a pod. */
export const warningsOf = (pod: LivePod, events: readonly CoreV1Event[]): Quote[] =>
  events
    .filter((event) => isOf(event, pod))
    .map(eventFact)
    .map(({ reason, object, message }) => ({ source: `event ${reason} on ${object}`, text: message }));

/** Why the pods of something are missing: its controller's events. */
export function refusalOf(
  kind: string,
  name: string,
  events: readonly CoreV1Event[],
):
  | { readonly cause: Cause; readonly quotes: readonly { readonly source: string; readonly text: string }[] }
  | undefined {
  const isItsOwn = ({ involvedObject }: CoreV1Event) =>
    involvedObject.kind === (kind === "Deployment" ? "ReplicaSet" : kind) &&
    (kind === "Deployment" ? involvedObject.name?.replace(/-[^-]+$/, "") === name : involvedObject.name === name);
  const own = events.filter((event) => event.reason === "FailedCreate" && isItsOwn(event)).map(eventFact);
  const evidence: Evidence = { node: "", run: "", records: [], pods: [], events: own, refusals: [], final: true };
  for (const cause of causes) {
    const quotes = BY_WORDS.has(cause.id) ? cause.find(evidence) : undefined;
    if (quotes) return { cause, quotes };
  }
  return undefined;
}
