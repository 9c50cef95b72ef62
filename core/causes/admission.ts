/** The API server refuses a pod: it leaves no trace but its words. */
import type { Cause } from "./cause.ts";
import { eventQuotes, refusalQuotes, some } from "./read.ts";

/** A pod of one's own is refused to oneself; a controller's is refused to the controller, which says so in an event. */
const refused =
  (matches: (text: string) => boolean): Cause["find"] =>
  (evidence) =>
    some([...refusalQuotes(evidence, matches), ...eventQuotes(evidence, matches)]);

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
