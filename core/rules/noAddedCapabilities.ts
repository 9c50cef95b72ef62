import { inContainers, type Rule } from "./rule.ts";

export const noAddedCapabilities: Rule = {
  id: "no-added-capabilities",
  severity: "critical",
  title: "No container adds a capability to those of its image's user.",
  remedy: "leave capabilities.add out",
  restrictions: [{ fields: [inContainers("securityContext.capabilities.add")], allowed: "not set, empty" }],
  check(review) {
    for (const { containers } of review.pods())
      for (const { fields } of containers) {
        const add = fields.dig("securityContext", "capabilities", "add");
        if (!add.empty) review.report(add, "adds capabilities");
      }
  },
  cel: {
    pods: () => ["variables.containers.all(c, c.?securityContext.?capabilities.?add.orValue([]).size() == 0)"],
  },
};
