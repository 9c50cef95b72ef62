import { quantityFault } from "../settings/validators.ts";
import type { At } from "./at.ts";
import type { Rule } from "./rule.ts";

/** What a test of a file system can use, with room to spare; a node has hardly more. */
export const MOST = { cpu: "16", memory: "64Gi" } as const;

export const boundedResources: Rule = {
  id: "bounded-resources",
  severity: "medium",
  title: "Every container has a limit of processor time and of memory, and none displaces others.",
  remedy: `set limits.cpu (${MOST.cpu} at most) and limits.memory (${MOST.memory} at most), and no priority`,
  check(look) {
    for (const { spec, containers } of look.pods()) {
      const priority = spec.get("priorityClassName");
      if (!priority.empty) look.fault(priority, "may push other pods off the node");
      const number = spec.get("priority");
      if (!number.absent && !number.unknown && !(typeof number.value === "number" && number.value <= 0))
        look.fault(number, "pushes other pods off the node");
      const ofPod = spec.dig("resources", "limits");
      for (const { at, list } of containers) {
        // The API takes no resources there; the pod's own limits hold.
        if (list === "ephemeralContainers") continue;
        const limits = at.dig("resources", "limits");
        for (const key of ["cpu", "memory"] as const) {
          const limit = limits.get(key);
          if (limit.unknown || bounded(limit, key) || (limit.absent && bounded(ofPod.get(key), key))) continue;
          look.fault(limit, "is no limit");
        }
      }
    }
  },
};

/** Zero means without limit, and so does more than any node can miss. */
const bounded = ({ value }: At, key: keyof typeof MOST): boolean => {
  if (typeof value !== "string" && typeof value !== "number") return false;
  const amount = String(value);
  return quantityFault(amount) === undefined && quantity(amount) <= quantity(MOST[key]);
};

const SUFFIXES: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  Ki: 2 ** 10,
  M: 1e6,
  Mi: 2 ** 20,
  G: 1e9,
  Gi: 2 ** 30,
  T: 1e12,
  Ti: 2 ** 40,
};

function quantity(amount: string): number {
  const suffix = /[A-Za-z]*$/.exec(amount)?.[0] ?? "";
  return Number.parseFloat(amount) * (SUFFIXES[suffix] ?? 1);
}
