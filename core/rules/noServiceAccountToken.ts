import { lines } from "./cel.ts";
import type { Cursor } from "./cursor.ts";
import type { Review } from "./review.ts";
import { inContainers, type Rule } from "./rule.ts";

/** Sources of a projected volume that prove the pod's identity to someone. A Secret may hold any account's token. */
const IDENTITIES = ["serviceAccountToken", "podCertificate", "secret"] as const;

const MAY_HOLD = "may hold an account's token";

export const noServiceAccountToken: Rule = {
  id: "no-service-account-token",
  severity: "high",
  title: "No pod can speak to the cluster's API.",
  remedy: "set automountServiceAccountToken: false, and mount no token and no Secret",
  restrictions: [
    { fields: ["spec.automountServiceAccountToken"], allowed: "`false`" },
    {
      fields: ["spec.volumes[*].secret", `spec.volumes[*].projected.sources[*].{${IDENTITIES.join(",")}}`],
      allowed: "not set",
    },
    {
      fields: [inContainers("env[*].valueFrom.secretKeyRef"), inContainers("envFrom[*].secretRef")],
      allowed: "not set",
    },
  ],
  check(review) {
    for (const { spec, containers } of review.pods()) {
      const automount = spec.get("automountServiceAccountToken");
      if (automount.value !== false) review.report(automount, "mounts the service account's token");
      for (const volume of spec.get("volumes").items()) {
        const secret = volume.get("secret");
        if (!secret.absent) review.reportWithoutValue(secret, MAY_HOLD);
        for (const source of volume.dig("projected", "sources").items())
          for (const key of IDENTITIES) {
            const identity = source.get(key);
            if (!identity.absent)
              review.reportWithoutValue(identity, key === "secret" ? MAY_HOLD : "gives the pod an identity");
          }
      }
      for (const { fields } of containers) reportSecrets(review, fields);
    }
  },
  cel: {
    pods: () => [
      "!object.spec.?automountServiceAccountToken.orValue(true)",
      lines(
        "variables.volumes.all(v, !has(v.secret) && v.?projected.?sources.orValue([]).all(s,",
        // The schema of an older version may not know a field: `has` would not compile.
        `  ${IDENTITIES.map((key) => `!('${key}' in s)`).join(" && ")}))`,
        "&& variables.containers.all(c, c.?envFrom.orValue([]).all(e, !has(e.secretRef))",
        "  && c.?env.orValue([]).all(e, !e.?valueFrom.?secretKeyRef.hasValue()))",
      ),
    ],
  },
};

function reportSecrets(review: Review, container: Cursor): void {
  for (const variable of container.get("env").items()) {
    const secret = variable.dig("valueFrom", "secretKeyRef");
    if (!secret.absent) review.reportWithoutValue(secret, MAY_HOLD);
  }
  for (const source of container.get("envFrom").items()) {
    const secret = source.get("secretRef");
    if (!secret.absent) review.reportWithoutValue(secret, MAY_HOLD);
  }
}
