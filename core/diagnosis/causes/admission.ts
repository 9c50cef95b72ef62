/** The API server refuses a pod: it leaves no trace but its words. */
import { COMPONENTS } from "../../contract/readers.ts";
import type { Evidence } from "../../evidence/evidence.ts";
import type { Cause } from "./cause.ts";
import { eventQuotes, refusalQuotes, some } from "./read.ts";

/** A pod of one's own is refused to oneself; a controller's is refused to the controller, which says so in an event. */
const refused =
  (matches: (text: string) => boolean): Cause["find"] =>
  (evidence) =>
    podMissing(evidence) ? some([...refusalQuotes(evidence, matches), ...eventQuotes(evidence, matches)]) : undefined;

/** What the API server would say to another pod, now, explains nothing where both are there. */
const podMissing = ({ pods }: Evidence): boolean =>
  !COMPONENTS.every((component) => pods.some((pod) => pod.component === component));

export const producerNotPrivileged: Cause = {
  id: "producer-not-privileged",
  outcome: "inconclusive",
  symptom:
    "The API server rejects the pod: `Bidirectional mount propagation is available only to privileged containers`.",
  explanation: "The API server refused the producer: only a privileged container may mount in a way that others see.",
  fix: "Set securityContext.privileged: true in the container that mounts (kubernetes/kubernetes#117812).",
  find: refused((text) => text.includes("Bidirectional mount propagation is available only to privileged containers")),
};

export const podSecurityDenies: Cause = {
  id: "pod-security-denies",
  outcome: "inconclusive",
  symptom: 'The API server rejects a pod: `violates PodSecurity "baseline:latest"`.',
  explanation: "The API server refused a pod of the test because of the namespace's Pod Security level.",
  fix: "Label the namespace pod-security.kubernetes.io/enforce: privileged; a hostPath needs it, even in the consumer.",
  find: refused((text) => text.includes("violates PodSecurity")),
};

/** Refusals of whoever asked, or of the dry run itself: they say nothing of the pod that somebody else applied. */
const NOT_THE_POD = /does not support dry run|\bUser "[^"]*" cannot create resource\b/;
/** What passes by itself: a webhook or a server that does not answer yet, objects that are still to come or to go. */
const PASSING =
  /failed calling webhook|timed? ?out|deadline exceeded|connection refused|^Internal error|etcdserver|error looking up service account|because it is being terminated|status unknown for quota|try again/i;

export const admissionRefused: Cause = {
  id: "admission-refused",
  outcome: "inconclusive",
  symptom:
    "The API server rejects a pod in other words: `exceeded quota`, `admission webhook ... denied the request`, `ValidatingAdmissionPolicy ... denied request`.",
  explanation: "The API server refused a pod of the test: a quota, a webhook or a policy of this cluster denies it.",
  fix: "Do what the quoted words ask, raise the quota, or except the test's namespace from the policy that they name.",
  find: (evidence) => {
    const isRefusal = (text: string) => !NOT_THE_POD.test(text) && (evidence.final || !PASSING.test(text));
    if (!podMissing(evidence)) return undefined;
    const controllers = evidence.events.filter(({ reason, object }) => reason === "FailedCreate" && !isPod(object));
    return some([
      ...refusalQuotes(evidence, isRefusal),
      ...eventQuotes({ ...evidence, events: controllers }, isRefusal),
    ]);
  },
};

const isPod = (object: string): boolean => object.startsWith("pod/");
