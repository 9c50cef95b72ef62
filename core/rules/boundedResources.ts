import { quantity } from "../contract/quantity.ts";
import type { Cursor } from "./cursor.ts";
import type { Rule } from "./rule.ts";

/** What a test of a file system can use, with room to spare; a node has hardly more. */
const MOST = { cpu: "16", memory: "64Gi" } as const;
const RESOURCES = ["cpu", "memory"] as const;

export const boundedResources: Rule = {
  id: "bounded-resources",
  severity: "medium",
  title: "Every container has a limit of processor time and of memory, and none displaces others.",
  remedy: `set limits.cpu (${MOST.cpu} at most) and limits.memory (${MOST.memory} at most), and no priority`,
  restrictions: [
    ...RESOURCES.map((key) => ({
      fields: [`spec.{initContainers,containers}[*].resources.limits.${key}`],
      allowed: `more than 0, up to \`${MOST[key]}\`; not set where \`spec.resources.limits.${key}\` of the pod is so`,
    })),
    { fields: ["spec.priorityClassName"], allowed: "not set, empty" },
    { fields: ["spec.priority"], allowed: "not set, 0 or less" },
  ],
  check(review) {
    for (const { spec, containers } of review.pods()) {
      const className = spec.get("priorityClassName");
      if (!className.empty) review.report(className, "may push other pods off the node");
      const priority = spec.get("priority");
      if (!priority.absent && !priority.unknown && !(typeof priority.value === "number" && priority.value <= 0))
        review.report(priority, "pushes other pods off the node");
      const ofPod = spec.dig("resources", "limits");
      for (const { fields, list } of containers) {
        // The API takes no resources there; the pod's own limits hold.
        if (list === "ephemeralContainers") continue;
        const limits = fields.dig("resources", "limits");
        for (const key of RESOURCES) {
          const limit = limits.get(key);
          if (limit.unknown || bounded(limit, key) || (limit.absent && bounded(ofPod.get(key), key))) continue;
          review.report(limit, "is no limit");
        }
      }
    }
  },
  cel: {
    pods: () => [
      RESOURCES.map(boundedInCel)
        .join("\n&& ")
        .concat("\n&& object.spec.?priorityClassName.orValue('') == '' && object.spec.?priority.orValue(0) <= 0"),
    ],
  },
};

/** Zero means without limit, and so does more than any node can miss. */
function bounded({ value }: Cursor, key: keyof typeof MOST): boolean {
  if (typeof value !== "string" && typeof value !== "number") return false;
  const amount = quantity(String(value));
  return amount > 0 && amount <= quantity(MOST[key]);
}

/** A limit of every container, or where it has none, of the pod. */
function boundedInCel(key: keyof typeof MOST): string {
  const limit = (of: string) => `${of}.?resources.?limits[?'${key}']`;
  const amount = (of: string) => `quantity(string(${limit(of)}.orValue('0')))`;
  const within = (of: string) =>
    `${amount(of)}.isGreaterThan(quantity('0')) && ${amount(of)}.compareTo(quantity('${MOST[key]}')) <= 0`;
  const ofPod = `!${limit("c")}.hasValue() && ${within("object.?spec")}`;
  return `(object.spec.containers + variables.init).all(c, (${within("c")}) || (${ofPod}))`;
}
