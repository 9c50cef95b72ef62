import { labels, PROBE_CONFIG_MAP } from "../contract/names.ts";
import type { Settings } from "../settings/settings.ts";
import type { ConfigMap } from "./types.ts";

/** The probe's scripts as they lie in `probe/`; Flux must not substitute the shell's own variables in them. */
export function probeConfigMap(settings: Settings, scripts: Readonly<Record<string, string>>): ConfigMap {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: PROBE_CONFIG_MAP,
      namespace: settings.namespace,
      labels: labels(settings, "probe"),
      annotations: { "kustomize.toolkit.fluxcd.io/substitute": "disabled" },
    },
    data: scripts,
  };
}
