import type { Rule } from "./rule.ts";

export const noAddedCapabilities: Rule = {
  id: "no-added-capabilities",
  severity: "critical",
  title: "No container adds a capability to those of its image's user.",
  remedy: "leave capabilities.add out",
  check(look) {
    for (const { containers } of look.pods())
      for (const { at } of containers) {
        const add = at.dig("securityContext", "capabilities", "add");
        if (!add.empty) look.fault(add, "adds capabilities");
      }
  },
};
