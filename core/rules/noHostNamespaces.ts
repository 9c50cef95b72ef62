import type { Rule } from "./rule.ts";

export const noHostNamespaces: Rule = {
  id: "no-host-namespaces",
  severity: "critical",
  title: "No pod shares the node's network, processes or IPC.",
  remedy: "leave hostNetwork, hostPID and hostIPC out",
  check(look) {
    for (const { spec } of look.pods())
      for (const key of ["hostNetwork", "hostPID", "hostIPC"]) {
        const at = spec.get(key);
        if (!at.off) look.fault(at, "shares a namespace of the node");
      }
  },
};
