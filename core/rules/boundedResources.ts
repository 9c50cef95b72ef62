import { quantityFault } from "../facts.ts";
import type { At } from "./at.ts";
import type { Rule } from "./rule.ts";

export const boundedResources: Rule = {
  id: "bounded-resources",
  severity: "medium",
  title: "Every container has a limit of processor time and of memory, and none displaces others.",
  remedy: "set limits.cpu and limits.memory, and no priority of the system's",
  check(look) {
    for (const { spec, containers } of look.pods()) {
      const priority = spec.get("priorityClassName");
      if (priority.text?.startsWith("system-")) look.fault(priority, "pushes other pods off the node");
      const ofPod = spec.dig("resources", "limits");
      for (const { at, list } of containers) {
        // The API takes no resources there; the pod's own limits hold.
        if (list === "ephemeralContainers") continue;
        const limits = at.dig("resources", "limits");
        for (const key of ["cpu", "memory"]) {
          const limit = limits.get(key);
          if (limit.unknown || bounded(limit) || (limit.absent && bounded(ofPod.get(key)))) continue;
          look.fault(limit, "is no limit");
        }
      }
    }
  },
};

/** Zero means without limit. */
const bounded = ({ value }: At): boolean =>
  (typeof value === "string" || typeof value === "number") && quantityFault(String(value)) === undefined;
