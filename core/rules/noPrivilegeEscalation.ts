import type { Rule } from "./rule.ts";

export const noPrivilegeEscalation: Rule = {
  id: "no-privilege-escalation",
  severity: "high",
  title: "No unprivileged container can gain more privileges than it started with.",
  remedy: "set securityContext.allowPrivilegeEscalation: false",
  check(look) {
    for (const { containers } of look.pods())
      for (const { at } of containers) {
        const context = at.get("securityContext");
        // Whether a container may be privileged is another rule's; a privileged one cannot be held back here.
        if (context.get("privileged").value === true) continue;
        const escalation = context.get("allowPrivilegeEscalation");
        if (escalation.value !== false) look.fault(escalation, "lets a setuid program gain privileges");
      }
  },
};
