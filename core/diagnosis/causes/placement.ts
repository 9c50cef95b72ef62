/** The pods are not, or not both, where they should be; or what they need is not there. */
import type { Evidence, NodeFact, PodFact } from "../../evidence/evidence.ts";
import type { Cause, Quote } from "./cause.ts";
import { isOver } from "./over.ts";
import { containerQuotes, some } from "./read.ts";

export const differentNodes: Cause = {
  id: "different-nodes",
  outcome: "inconclusive",
  symptom: "Everything runs, and the consumer sees an empty directory: `DirectoryOrCreate` made it one of its own.",
  explanation: "The pods are not both on the node under test: a mount never leaves its node.",
  fix: "Pin both pods to one node: required node affinity with matchFields metadata.name, or the same nodeName.",
  find: ({ node, pods }) => {
    const placed = pods.filter(({ nodeName }) => nodeName !== undefined);
    // The other pod may not be placed yet: one that is elsewhere is enough.
    if (placed.every(({ nodeName }) => nodeName === node)) return undefined;
    const words = placed.map(({ name, nodeName }) => ({ source: `spec of ${name}`, text: `nodeName: ${nodeName}` }));
    return [...words, { source: "settings", text: `node under test: ${node}` }];
  },
};

export const nodeUnavailable: Cause = {
  id: "node-unavailable",
  outcome: "inconclusive",
  symptom:
    "A pod stays `Pending` (`FailedScheduling`: no such node, cordoned, an untolerated taint, too little of a resource).",
  explanation: "The test's pods cannot be placed on this node, or the node took them away.",
  fix: "Check the node's name against `kubectl get nodes`; make it Ready, uncordon it, or add its taints to `tolerations`.",
  find: notPlaced,
};

export const imageUnavailable: Cause = {
  id: "image-unavailable",
  outcome: "inconclusive",
  symptom: "`ErrImagePull`, then `ImagePullBackOff`.",
  explanation: "The node cannot get an image of the test.",
  fix: "Check producerImage and consumerImage, and the way to the registry, with its credentials; or import the image by hand (k3s ctr images import).",
  find: notPulled,
};

export const windowOver: Cause = {
  id: "window-over",
  outcome: "inconclusive",
  symptom: "The pods are `Failed` with the reason `DeadlineExceeded`, and there is no verdict.",
  explanation: "The pods had their whole time (`activeDeadlineSeconds`), and had not answered when it was over.",
  fix: "Test again and collect while the pods run; where they start slowly, raise `inspectionMinutes`.",
  find: (evidence) => {
    const ended = evidence.pods.filter((pod) => pod.reason === "DeadlineExceeded" && isOver(evidence, pod));
    return ended.length > 0 ? ended.map(kubeletsWords) : undefined;
  },
};

const kubeletsWords = ({ name, reason, message }: PodFact): Quote => ({
  source: `kubelet on ${name}`,
  text: `${reason}: ${message ?? ""}`,
});

const NO_IMAGE: readonly string[] = ["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"];
/** What another try does not fix, in the words of containerd, CRI-O, Docker and of the registries. */
const LASTING_PULL =
  /ErrImageNeverPull|InvalidImageName|: not found|manifest unknown|not found: manifest|name unknown|unauthorized|pull access denied|does not exist|authorization failed|authentication required|403 Forbidden|no matching manifest|no match for platform|invalid reference format/i;

/** A registry that does not answer may do so at the next try, ten seconds later. */
function notPulled({ pods, events, final }: Evidence): readonly Quote[] | undefined {
  const found = pods.flatMap((pod) => {
    const tries = events.filter(
      ({ object, message }) => object === `pod/${pod.name}` && /^Failed to pull image /.test(message),
    );
    const waiting = containerQuotes([pod], ({ state, reason }) => state === "waiting" && NO_IMAGE.includes(reason));
    const words = [...waiting.map(({ text }) => text), ...tries.map(({ message }) => message)];
    const lasting = words.some((text) => LASTING_PULL.test(text));
    const reasons = tries.map(({ reason, object, message }) => ({
      source: `event ${reason} on ${object}`,
      text: message,
    }));
    return lasting || final || mostTries(tries) > 1 ? [...waiting, ...(waiting.length > 0 ? reasons : [])] : [];
  });
  return some(found);
}

/** How often the image was asked for that was asked for most often. */
function mostTries(tries: Evidence["events"]): number {
  const of = new Map<string, number>();
  for (const { message, count = 1 } of tries) {
    const image = /image "([^"]*)"/.exec(message)?.[1] ?? "";
    of.set(image, (of.get(image) ?? 0) + count);
  }
  return Math.max(0, ...of.values());
}

/**
 * The kubelet's own refusals of a pod that was bound to its node (admissionRejectionReasons in pkg/kubelet/kubelet.go, up to 1.37), and its
 * reasons to end one that ran.
 */
const REJECTED =
  /^(OutOf[\w-]+|Node(Affinity|Shutdown|Lost)|Evicted|Terminated|Shutdown|Preempting|UnexpectedAdmissionError|UnexpectedPredicateFailureType|TopologyAffinityError|AppArmor|SysctlForbidden|PodOS\w+|PodFeatureUnsupported|(PodLevelResources|SupplementalGroupsPolicy)NotSupported|InitContainerRestartPolicyForbidden|InvalidNodeInfo|VolumeAttachmentLimitExceeded)$/;

function notPlaced({ node, nodeFact, pods, final }: Evidence): readonly Quote[] | undefined {
  // The scheduler's words name neither the taint's value nor a missing node: the node itself does.
  if (nodeFact === undefined && !final) return undefined;
  const known = nodeFact === "unreadable" ? undefined : nodeFact;
  const waiting = pods.filter((pod) => pod.unschedulable !== undefined && pod.nodeName === undefined);
  const words = waiting.map((pod) => ({ source: `scheduler on ${pod.name}`, text: pod.unschedulable ?? "" }));
  if (known && !known.exists) return [{ source: "API server", text: `there is no node ${node}` }, ...words];
  const rejected = pods.filter(({ reason }) => REJECTED.test(reason ?? "")).map(kubeletsWords);
  if (rejected.length > 0) return [...nodeQuote(node, known), ...rejected];
  const lasting = waiting.some((pod) => isLasting(pod.unschedulable ?? "", known));
  if (words.length > 0 && (known?.cordoned || lasting || final)) return [...nodeQuote(node, known), ...words];
  if (final && known && !known.ready) return nodeQuote(node, known);
  return undefined;
}

/** Kubernetes' own taints come and go with the node's state; whoever cordons a node means it. */
const PASSING = /^node\.kubernetes\.io\/(?!unschedulable\b)/;

/** Whether waiting would change nothing. A node that is short of resources or not ready may recover while we wait. */
function isLasting(words: string, node: NodeFact | undefined): boolean {
  const [, all, none] = /^0\/(\d+) nodes are available: (\d+) node\(s\) didn't (?:match|satisfy)/.exec(words) ?? [];
  if (all !== undefined && all === none) return true;
  // Of a node that is known it is said itself whether it is cordoned.
  if (!node && /were unschedulable/.test(words)) return true;
  if (!words.includes("taint")) return false;
  // Some schedulers name the taints, of any node; others only say that there are some: then the node's own are meant.
  const named = [...words.matchAll(/taint \{([^:}]+)/g)].map(([, key = ""]) => key);
  const own = node?.taints
    .filter((taint) => !taint.endsWith(":PreferNoSchedule"))
    .map((taint) => taint.split("=")[0] ?? "");
  const keys = named.length > 0 ? named.filter((key) => own?.includes(key) ?? true) : (own ?? []);
  return keys.length > 0 && !keys.some((key) => PASSING.test(key));
}

function nodeQuote(node: string, fact: NodeFact | undefined): Quote[] {
  if (!fact) return [];
  const state = [fact.ready ? "Ready" : "NotReady", ...(fact.cordoned ? ["cordoned"] : [])].join(", ");
  return [{ source: `node ${node}`, text: `${state}; taints: ${fact.taints.join(" ") || "none"}` }];
}
