import type { Rule } from "./rule.ts";

/** Sources of a projected volume that prove the pod's identity to someone. */
const IDENTITIES = ["serviceAccountToken", "podCertificate"];

export const noServiceAccountToken: Rule = {
  id: "no-service-account-token",
  severity: "high",
  title: "No pod can speak to the cluster's API.",
  remedy: "set automountServiceAccountToken: false, and project no token",
  check(look) {
    for (const { spec } of look.pods()) {
      const automount = spec.get("automountServiceAccountToken");
      if (automount.value !== false) look.fault(automount, "mounts the service account's token");
      for (const volume of spec.get("volumes").items())
        for (const source of volume.dig("projected", "sources").items())
          for (const key of IDENTITIES) {
            const at = source.get(key);
            if (!at.absent) look.veiled(at, "gives the pod an identity");
          }
    }
  },
};
