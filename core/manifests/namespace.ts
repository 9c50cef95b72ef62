import { labels, OWNER } from "../contract/names.ts";
import type { Settings } from "../settings/settings.ts";
import type { Namespace } from "./types.ts";

/**
 * The test's namespace. Pod Security's baseline forbids every hostPath, so even the unprivileged consumer needs the
 * level `privileged`: https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
export function namespace(settings: Settings): Namespace {
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: settings.namespace,
      labels: { ...labels(settings, "namespace"), "pod-security.kubernetes.io/enforce": "privileged" },
      ...(settings.owner === "" ? {} : { annotations: { [OWNER]: settings.owner } }),
    },
  };
}
