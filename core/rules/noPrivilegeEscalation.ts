import { lines } from "./cel.ts";
import { inContainers, type Rule } from "./rule.ts";

export const noPrivilegeEscalation: Rule = {
  id: "no-privilege-escalation",
  severity: "high",
  title: "No unprivileged container can gain more privileges than it started with.",
  remedy: "set securityContext.allowPrivilegeEscalation: false",
  restrictions: [
    {
      fields: [inContainers("securityContext.allowPrivilegeEscalation")],
      allowed: "`false`; anything in a privileged container",
    },
  ],
  check(review) {
    for (const { containers } of review.pods())
      for (const { fields } of containers) {
        const context = fields.get("securityContext");
        // Whether a container may be privileged is another rule's; a privileged one cannot be held back here.
        if (context.get("privileged").value === true) continue;
        const escalation = context.get("allowPrivilegeEscalation");
        if (escalation.value !== false) review.report(escalation, "lets a setuid program gain privileges");
      }
  },
  cel: {
    pods: () => [
      lines(
        "variables.containers.all(c, c.?securityContext.?privileged.orValue(false)",
        "  || !c.?securityContext.?allowPrivilegeEscalation.orValue(true))",
      ),
    ],
  },
};
