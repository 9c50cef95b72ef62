import type { At } from "./at.ts";
import type { Look } from "./look.ts";
import type { Rule } from "./rule.ts";

/** Sources of a projected volume that prove the pod's identity to someone. A Secret may hold any account's token. */
const IDENTITIES = ["serviceAccountToken", "podCertificate", "secret"];

const MAY_HOLD = "may hold an account's token";

export const noServiceAccountToken: Rule = {
  id: "no-service-account-token",
  severity: "high",
  title: "No pod can speak to the cluster's API.",
  remedy: "set automountServiceAccountToken: false, and mount no token and no Secret",
  check(look) {
    for (const { spec, containers } of look.pods()) {
      const automount = spec.get("automountServiceAccountToken");
      if (automount.value !== false) look.fault(automount, "mounts the service account's token");
      for (const volume of spec.get("volumes").items()) {
        const secret = volume.get("secret");
        if (!secret.absent) look.veiled(secret, MAY_HOLD);
        for (const source of volume.dig("projected", "sources").items())
          for (const key of IDENTITIES) {
            const at = source.get(key);
            if (!at.absent) look.veiled(at, key === "secret" ? MAY_HOLD : "gives the pod an identity");
          }
      }
      for (const { at } of containers) secretsOf(look, at);
    }
  },
};

function secretsOf(look: Look, container: At): void {
  for (const variable of container.get("env").items()) {
    const secret = variable.dig("valueFrom", "secretKeyRef");
    if (!secret.absent) look.veiled(secret, MAY_HOLD);
  }
  for (const source of container.get("envFrom").items()) {
    const secret = source.get("secretRef");
    if (!secret.absent) look.veiled(secret, MAY_HOLD);
  }
}
