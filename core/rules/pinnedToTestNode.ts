import type { At } from "./at.ts";
import type { Look } from "./look.ts";
import type { PodPlace } from "./pods.ts";
import type { Rule } from "./rule.ts";

/** What names one node: the node object itself, or the label that every kubelet sets to its own name. */
const PIN_FIELD = "metadata.name";
const PIN_LABEL = "kubernetes.io/hostname";

export const pinnedToTestNode: Rule = {
  id: "pinned-to-test-node",
  severity: "critical",
  title: "Every pod runs on exactly one allowed node and nowhere else.",
  remedy:
    "pin the pod by required node affinity, matchFields metadata.name In [one allowed node], and tolerate only named taints",
  check(look) {
    for (const pod of look.pods()) {
      const pins = [...nodeName(look, pod), ...nodeSelector(look, pod), ...affinity(look, pod)].filter(
        ({ unknown }) => !unknown,
      );
      for (const pin of pins) allowedNode(look, pin);
      const [first] = pins;
      const other = pins.find(({ text }) => text !== first?.text);
      if (other) look.fault(other, `contradicts ${first?.path}, which says ${first?.text}`);
      tolerations(look, pod);
    }
  },
};

function nodeName(look: Look, { spec }: PodPlace): At[] {
  const at = spec.get("nodeName");
  if (at.absent || at.value === "") return [];
  if (at.text === undefined) look.fault(at, "is no node's name");
  return [at];
}

function nodeSelector(look: Look, { spec }: PodPlace): At[] {
  const selector = spec.get("nodeSelector");
  const at = selector.get(PIN_LABEL);
  if (at.absent) return [];
  if (at.text === undefined) look.fault(at, "is no node's name");
  return [at];
}

/** Every term must pin by itself: the scheduler takes a node that any one of them matches. */
function affinity(look: Look, { spec }: PodPlace): At[] {
  const required = spec.dig("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution");
  const terms = required.get("nodeSelectorTerms").items();
  if (terms.length > 0) return terms.flatMap((term) => pinsOf(look, term));
  if (required.unknown || required.get("nodeSelectorTerms").unknown) return [];
  const elsewhere = !spec.get("nodeName").empty || !spec.get("nodeSelector").get(PIN_LABEL).empty;
  if (elsewhere && required.absent) return [];
  const preferred = spec.dig("affinity", "nodeAffinity", "preferredDuringSchedulingIgnoredDuringExecution");
  if (!preferred.empty) look.fault(required, "is missing: a preference alone does not pin");
  else look.fault(required, "is missing, so that the pod may run on any node");
  return [];
}

function pinsOf(look: Look, term: At): At[] {
  const requirements = [
    ...term
      .get("matchFields")
      .items()
      .map((at) => ({ at, pins: at.get("key").text === PIN_FIELD })),
    ...term
      .get("matchExpressions")
      .items()
      .map((at) => ({ at, pins: at.get("key").text === PIN_LABEL })),
  ];
  const pinning = requirements.filter(({ pins }) => pins);
  if (pinning.length === 0)
    look.fault(term, "does not name a node: the scheduler takes any node that one term matches");
  return pinning.flatMap(({ at }) => {
    const operator = at.get("operator");
    const values = at.get("values");
    if (operator.text !== "In") look.fault(operator, "does not pin: only In does");
    else if (values.items().length !== 1) look.fault(values, "must hold exactly one node");
    else return values.items();
    return [];
  });
}

function allowedNode(look: Look, at: At): void {
  if (at.text === undefined || look.allowed.nodes.includes(at.text)) return;
  look.fault(at, `is not an allowed node (allowed: ${look.allowed.nodes.join(", ")})`);
}

function tolerations(look: Look, { spec }: PodPlace): void {
  for (const toleration of spec.get("tolerations").items()) {
    const key = toleration.get("key");
    if (key.empty) look.fault(key, "tolerates every taint, also those that keep pods off a node");
  }
}
