import { labels, PROBE_CONFIG_MAP, podName } from "../contract/names.ts";
import type { Amounts, Settings } from "../settings/settings.ts";
import { awaitSeconds, type Pair, pairSeconds, scenarioSeconds } from "./pair.ts";
import type { Container, Pod, Propagation, Volume, VolumeMount } from "./types.ts";

/** Both pods see the bridge here, and the FUSE file system is mounted at MOUNT_PATH. */
export const BRIDGE_PATH = "/bridge";
const MOUNT_PATH = `${BRIDGE_PATH}/fuse`;

/** How long a pod may take to start, images present, before its own deadline counts against the inspection window. */
const START_ALLOWANCE_SECONDS = 300;

/** What both pods share: pinned to one node, no token, no service links, an end of their own. */
export function pod(
  settings: Settings,
  pair: Pair,
  parts: {
    readonly base: string;
    readonly component: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly initContainers: readonly Container[];
    readonly containers: readonly Container[];
    readonly volumes?: readonly Volume[];
    /** Whether a container that dies is started again: only where that is what the scenario looks at. */
    readonly restarts?: boolean;
  },
): Pod {
  const { node, scenario } = pair;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: podName(parts.base, node, settings, scenario?.id),
      namespace: settings.namespace,
      labels: labels(settings, parts.component, node, scenario?.id),
      annotations: {
        ...parts.annotations,
        // A pod cannot be changed in place: where Flux deploys it, a change of settings must replace it.
        "kustomize.toolkit.fluxcd.io/force": "enabled",
      },
    },
    spec: {
      affinity: pinnedTo(node),
      ...(settings.tolerations.length > 0 ? { tolerations: settings.tolerations.map(plain) } : {}),
      restartPolicy: parts.restarts ? "OnFailure" : "Never",
      activeDeadlineSeconds: pairSeconds(settings, pair) + START_ALLOWANCE_SECONDS,
      terminationGracePeriodSeconds: 5,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      ...(parts.initContainers.length > 0 ? { initContainers: parts.initContainers } : {}),
      containers: parts.containers,
      volumes: [
        { name: "bridge", ...bridgeSource(settings, scenario) },
        { name: "probe", configMap: { name: PROBE_CONFIG_MAP } },
        ...(parts.volumes ?? []),
      ],
    },
  };
}

/** A scenario's pair has a directory of its own below the bridge: the base pair's mount stays for inspection. */
function bridgeSource({ bridge }: Settings, scenario: Pair["scenario"]) {
  if (scenario?.pair.bridge === "emptyDir") return { emptyDir: { sizeLimit: "1Mi" } };
  const path = scenario ? `${bridge}/${scenario.id}` : bridge;
  return { hostPath: { path, type: "DirectoryOrCreate" } } as const;
}

/**
 * Waits for its pair's turn, and for a late consumer until its producer has mounted: see probe/turn.sh. Init containers run
 * before the containers are created, so that none is born too early.
 */
export function turn(settings: Settings, pair: Pair, image: string, late = false): Container[] {
  const { scenario, turnSeconds } = pair;
  if (!scenario) return [];
  const point = `${BRIDGE_PATH}/${scenario.id}${scenario.pair.layout === "leaf" ? "" : "/fuse"}`;
  return [
    {
      name: "fuse-turn",
      image,
      imagePullPolicy: "IfNotPresent",
      command: ["sh", "/probe/turn.sh"],
      env: probeEnvironment(settings, pair, {
        TURN_SECONDS: turnSeconds,
        ...(late ? { AWAIT: point, AWAIT_SECONDS: awaitSeconds(settings) } : {}),
      }),
      resources: settings.resources.consumer,
      securityContext: UNPRIVILEGED,
      volumeMounts: [
        PROBE_MOUNT,
        ...(late
          ? [{ name: "bridges", mountPath: BRIDGE_PATH, readOnly: true, mountPropagation: "HostToContainer" } as const]
          : []),
      ],
    },
  ];
}

/** The directory above all pairs' own: where a late consumer looks for its producer's mount. */
export const bridges = ({ bridge }: Settings): Volume => ({
  name: "bridges",
  hostPath: { path: bridge, type: "DirectoryOrCreate" },
});

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

export function bridgeMount(
  mountPropagation: Propagation,
  readOnly: boolean,
  scenario?: Pair["scenario"],
): VolumeMount {
  const mountPath = scenario?.pair.layout === "leaf" ? MOUNT_PATH : BRIDGE_PATH;
  return { name: "bridge", mountPath, ...(readOnly ? { readOnly } : {}), mountPropagation };
}

/** What is found out in one container and must outlast it, or be told to the others of its pod. */
export const FINDINGS_VOLUME: Volume = { name: "findings", emptyDir: { sizeLimit: "1Mi" } };
export const FINDINGS_MOUNT: VolumeMount = { name: "findings", mountPath: "/findings" };

/** What every probe is told through its environment: see `probe/lib.sh`. */
export function probeEnvironment(settings: Settings, pair: Pair, more: Readonly<Record<string, string | number>>) {
  const { node, scenario } = pair;
  const all = {
    RUN: settings.run,
    NODE: node,
    PROBE_SECONDS: settings.probeSeconds,
    // A scenario's pods end with its schedule: what they saw stays in their logs.
    ...(scenario
      ? { INSPECT_SECONDS: scenarioSeconds(settings, scenario), AFTERWARDS: "end" }
      : { INSPECT_SECONDS: pairSeconds(settings, pair) }),
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
