import type { Rule } from "./rule.ts";

const SHARED = ["hostNetwork", "hostPID", "hostIPC"] as const;

export const noHostNamespaces: Rule = {
  id: "no-host-namespaces",
  severity: "critical",
  title: "No pod shares the node's network, processes or IPC.",
  remedy: "leave hostNetwork, hostPID and hostIPC out",
  restrictions: [{ fields: SHARED.map((key) => `spec.${key}`), allowed: "not set, `false`" }],
  check(review) {
    for (const { spec } of review.pods())
      for (const key of SHARED) {
        const field = spec.get(key);
        if (!field.off) review.report(field, "shares a namespace of the node");
      }
  },
  cel: { pods: () => [SHARED.map((key) => `!object.spec.?${key}.orValue(false)`).join(" && ")] },
};
