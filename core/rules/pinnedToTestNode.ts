import type { Allowed } from "./allowed.ts";
import { celLiteral, lines } from "./cel.ts";
import type { Cursor } from "./cursor.ts";
import type { PodView } from "./pods.ts";
import type { Review } from "./review.ts";
import type { Rule } from "./rule.ts";

/** What names one node: the node object itself, or the label that every kubelet sets to its own name. */
const PIN_FIELD = "metadata.name";
const PIN_LABEL = "kubernetes.io/hostname";
/** By which list of a node selector's term each of them is asked. */
const PINS = { matchFields: PIN_FIELD, matchExpressions: PIN_LABEL } as const;

const AFFINITY = ["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"] as const;
const TERM = `spec.${AFFINITY.join(".")}.nodeSelectorTerms[*]`;
const REQUIREMENT = `${TERM}.{${Object.keys(PINS).join(",")}}[*]`;

export const pinnedToTestNode: Rule = {
  id: "pinned-to-test-node",
  severity: "critical",
  title: "Every pod runs on exactly one allowed node and nowhere else.",
  remedy:
    "pin the pod by required node affinity, matchFields metadata.name In [one allowed node], and tolerate only named taints",
  restrictions: [
    {
      fields: [`spec.${AFFINITY.join(".")}`, TERM, `${REQUIREMENT}.{operator,values}`, `${REQUIREMENT}.values[*]`],
      allowed: `each term has \`matchFields\` with key \`${PIN_FIELD}\`, or \`matchExpressions\` with key \`${PIN_LABEL}\`, operator \`In\` and one allowed node; not set where \`nodeName\` or \`nodeSelector\` pins the pod`,
    },
    {
      fields: ["spec.nodeName", `spec.nodeSelector["${PIN_LABEL}"]`],
      allowed: "not set, empty, or the same allowed node",
    },
    { fields: ["spec.tolerations[*].key"], allowed: "any key: a toleration without one tolerates every taint" },
  ],
  check(review) {
    for (const pod of review.pods()) {
      const pins = [...nodeName(review, pod), ...nodeSelector(review, pod), ...affinity(review, pod)].filter(
        ({ unknown }) => !unknown,
      );
      for (const pin of pins) reportOtherNode(review, pin);
      const [first] = pins;
      const other = pins.find(({ text }) => text !== first?.text);
      if (other) review.report(other, `contradicts ${first?.path}, which says ${first?.text}`);
      reportTolerations(review, pod);
    }
  },
  cel: {
    pods: (allowed) => [pinned(allowed), "object.spec.?tolerations.orValue([]).all(t, t.?key.orValue('') != '')"],
  },
};

function nodeName(review: Review, { spec }: PodView): Cursor[] {
  const name = spec.get("nodeName");
  if (name.absent || name.value === "") return [];
  if (name.text === undefined) review.report(name, "is no node's name");
  return [name];
}

function nodeSelector(review: Review, { spec }: PodView): Cursor[] {
  const label = spec.get("nodeSelector").get(PIN_LABEL);
  if (label.absent) return [];
  if (label.text === undefined) review.report(label, "is no node's name");
  return [label];
}

/** Every term must pin by itself: the scheduler takes a node that any one of them matches. */
function affinity(review: Review, { spec }: PodView): Cursor[] {
  const required = spec.dig(...AFFINITY);
  const terms = required.get("nodeSelectorTerms").items();
  if (terms.length > 0) return terms.flatMap((term) => pinsOf(review, term));
  if (required.unknown || required.get("nodeSelectorTerms").unknown) return [];
  const elsewhere = !spec.get("nodeName").empty || !spec.get("nodeSelector").get(PIN_LABEL).empty;
  if (elsewhere && required.absent) return [];
  const preferred = spec.dig("affinity", "nodeAffinity", "preferredDuringSchedulingIgnoredDuringExecution");
  if (!preferred.empty) review.report(required, "is missing: a preference alone does not pin");
  else review.report(required, "is missing, so that the pod may run on any node");
  return [];
}

function pinsOf(review: Review, term: Cursor): Cursor[] {
  const pinning = Object.entries(PINS).flatMap(([list, key]) =>
    term
      .get(list)
      .items()
      .filter((requirement) => requirement.get("key").text === key),
  );
  if (pinning.length === 0)
    review.report(term, "does not name a node: the scheduler takes any node that one term matches");
  return pinning.flatMap((requirement) => {
    const operator = requirement.get("operator");
    const nodes = requirement.get("values");
    if (operator.text !== "In") review.report(operator, "does not pin: only In does");
    else if (nodes.items().length !== 1) review.report(nodes, "must hold exactly one node");
    else return nodes.items();
    return [];
  });
}

function reportOtherNode(review: Review, pin: Cursor): void {
  if (pin.text === undefined || review.allowed.nodes.includes(pin.text)) return;
  review.report(pin, `is not an allowed node (allowed: ${review.allowed.nodes.join(", ")})`);
}

function reportTolerations(review: Review, { spec }: PodView): void {
  for (const toleration of spec.get("tolerations").items()) {
    const key = toleration.get("key");
    if (key.empty) review.report(key, "tolerates every taint, also those that keep pods off a node");
  }
}

/** One allowed node that the pod is pinned to by all it says. */
function pinned({ nodes }: Allowed): string {
  const terms = `object.spec.?${AFFINITY.join(".?")}.?nodeSelectorTerms.orValue([])`;
  const selector = `object.spec.?nodeSelector[?'${PIN_LABEL}'].orValue('')`;
  const requirements = Object.entries(PINS).map(([list, key]) => ({ all: `t.?${list}.orValue([])`, key }));
  const pins = requirements.map(({ all, key }) => `${all}.exists(r, r.key == '${key}')`);
  return lines(
    `${celLiteral(nodes)}.exists(n,`,
    "  object.spec.?nodeName.orValue(n) in [n, '']",
    `  && ${selector} in [n, '']`,
    `  && (${terms}.size() > 0 || object.spec.?nodeName.orValue('') == n || ${selector} == n)`,
    `  && ${terms}.all(t,`,
    `    (${pins.join(" || ")})`,
    ...requirements.map(
      ({ all, key }) =>
        `    && ${all}.all(r, r.key != '${key}' || (r.operator == 'In' && r.?values.orValue([]) == [n]))`,
    ),
    "  ))",
  );
}
