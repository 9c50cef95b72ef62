import type { Amounts, Settings } from "../settings.ts";
import { labels, PROBE_CONFIG_MAP } from "./names.ts";
import type { Container, Pod, Propagation, Volume, VolumeMount } from "./types.ts";

/** Both pods see the bridge here. */
export const BRIDGE_PATH = "/bridge";

/** How long a pod may take to start, images present, before its own deadline counts against the inspection window. */
const START_ALLOWANCE_SECONDS = 300;

/** What both pods share: pinned to one node, no token, no service links, an end of their own. */
export function pod(
  settings: Settings,
  node: string,
  parts: {
    readonly name: string;
    readonly component: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly initContainers: readonly Container[];
    readonly containers: readonly Container[];
    readonly volumes?: readonly Volume[];
  },
): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: parts.name,
      namespace: settings.namespace,
      labels: labels(settings, parts.component, node),
      annotations: {
        ...parts.annotations,
        // A pod cannot be changed in place: where Flux deploys it, a change of settings must replace it.
        "kustomize.toolkit.fluxcd.io/force": "enabled",
      },
    },
    spec: {
      affinity: pinnedTo(node),
      ...(settings.tolerations.length > 0 ? { tolerations: settings.tolerations.map(plain) } : {}),
      restartPolicy: "Never",
      activeDeadlineSeconds: settings.inspectionMinutes * 60 + START_ALLOWANCE_SECONDS,
      terminationGracePeriodSeconds: 5,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      ...(parts.initContainers.length > 0 ? { initContainers: parts.initContainers } : {}),
      containers: parts.containers,
      volumes: [
        { name: "bridge", hostPath: { path: settings.bridge, type: "DirectoryOrCreate" } },
        { name: "probe", configMap: { name: PROBE_CONFIG_MAP } },
        ...(parts.volumes ?? []),
      ],
    },
  };
}

/**
 * One init container for each image that only the other pod uses. It does nothing: the kubelet pulls its image first, so
 * neither pod's clock starts while the other still waits for a download.
 */
export function pulls(images: readonly string[], own: string, amounts: Amounts): Container[] {
  return images
    .filter((image) => image !== own)
    .map((image) => ({
      name: "pull-first",
      image,
      imagePullPolicy: "IfNotPresent",
      command: ["sh", "-c", "exit 0"],
      resources: amounts,
      securityContext: UNPRIVILEGED,
    }));
}

/** No privilege beyond the image's own user. */
export const UNPRIVILEGED = {
  privileged: false,
  allowPrivilegeEscalation: false,
  seccompProfile: { type: "RuntimeDefault" },
} as const;

export const PROBE_MOUNT: VolumeMount = { name: "probe", mountPath: "/probe", readOnly: true };

export function bridgeMount(mountPropagation: Propagation, readOnly: boolean): VolumeMount {
  return { name: "bridge", mountPath: BRIDGE_PATH, ...(readOnly ? { readOnly } : {}), mountPropagation };
}

/** What every probe is told through its environment: see `probe/lib.sh`. */
export function probeEnvironment(settings: Settings, node: string, more: Readonly<Record<string, string | number>>) {
  const all = {
    RUN: settings.run,
    NODE: node,
    PROBE_SECONDS: settings.probeSeconds,
    INSPECT_SECONDS: settings.inspectionMinutes * 60,
    ...more,
  };
  return Object.entries(all).map(([name, value]) => ({ name, value: String(value) }));
}

/** The scheduler matches the node object itself: a label could be on several nodes, or missing. */
function pinnedTo(node: string): Pod["spec"]["affinity"] {
  return {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] }],
      },
    },
  };
}

function plain(toleration: Settings["tolerations"][number]) {
  const { key, operator, value, effect } = toleration;
  return { key, operator, ...(value === undefined ? {} : { value }), effect };
}
