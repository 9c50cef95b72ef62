import { BRIDGE_PATH } from "../contract/bridge.ts";
import type { Environment } from "../contract/environment.ts";
import { labels, PROBE_CONFIG_MAP, TURN } from "../contract/names.ts";
import { START_ALLOWANCE_SECONDS } from "../contract/times.ts";
import type { Pair } from "../plan/plan.ts";
import { PROBE_DIRECTORY } from "../rules/privilegedContainers.ts";
import type { Amounts, Settings } from "../settings/settings.ts";
import type { Container, Pod, Propagation, Volume, VolumeMount } from "./types.ts";

/** What differs from pod to pod. */
export interface PodParts {
  readonly name: string;
  readonly component: string;
  readonly node: string;
  /** Only where the scenario has a pair of its own. */
  readonly scenario?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>>;
  /** @default true */
  readonly hostUsers?: boolean;
  readonly deadlineSeconds: number;
  /** How long its containers may take to end when it is deleted. */
  readonly graceSeconds: number;
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes: readonly Volume[];
  /** Whether a container that dies is started again: only where that is what the scenario tests. */
  readonly restarts?: boolean;
}

/** What all pods share: pinned to one node, no token, no service links, an end of their own. */
export function pod(settings: Settings, parts: PodParts): Pod {
  const { name, component, node, scenario, annotations, initContainers = [] } = parts;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: settings.namespace,
      labels: labels(settings, component, node, scenario),
      annotations: {
        ...annotations,
        // A pod cannot be changed in place: where Flux deploys it, a change of settings must replace it.
        "kustomize.toolkit.fluxcd.io/force": "enabled",
      },
    },
    spec: {
      affinity: pinnedTo(node),
      ...(settings.tolerations.length > 0 ? { tolerations: settings.tolerations.map(toleration) } : {}),
      ...(parts.hostUsers === undefined ? {} : { hostUsers: parts.hostUsers }),
      restartPolicy: parts.restarts ? "OnFailure" : "Never",
      activeDeadlineSeconds: parts.deadlineSeconds,
      terminationGracePeriodSeconds: parts.graceSeconds,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      ...(initContainers.length > 0 ? { initContainers } : {}),
      containers: parts.containers,
      volumes: parts.volumes,
    },
  };
}

/** A pod of a pair: it has the pair's bridge and the probe, and ends when the pair is through. */
export function pairPod(
  settings: Settings,
  pair: Pair,
  component: keyof Pair["names"],
  parts: Omit<PodParts, "name" | "component" | "node" | "scenario" | "deadlineSeconds" | "graceSeconds">,
): Pod {
  const { node, scenario, names, paths, schedule, variation } = pair;
  const { hostDirectory } = paths[component];
  return pod(settings, {
    ...parts,
    name: names[component],
    component,
    node,
    scenario: scenario?.id,
    deadlineSeconds: schedule.totalSeconds + START_ALLOWANCE_SECONDS,
    graceSeconds: 5,
    volumes: [
      hostDirectory === undefined
        ? {
            name: "bridge",
            emptyDir: { ...(variation.samePod === "memory" ? { medium: "Memory" } : {}), sizeLimit: "1Mi" },
          }
        : directoryOf("bridge", hostDirectory),
      { name: "probe", configMap: { name: PROBE_CONFIG_MAP } },
      ...wholeBridge(settings, pair),
      ...parts.volumes,
    ],
  });
}

/** A directory of the node. */
export const directoryOf = (name: string, path: string): Volume => ({
  name,
  hostPath: { path, type: "DirectoryOrCreate" },
});

/**
 * Waits for its pair's turn, and for a late consumer until its producer has mounted: see probe/turn.sh. Init containers run
 * before the containers are created, so that none is born too early.
 */
export function turn(
  settings: Settings,
  pair: Pair,
  image: string,
  {
    late = false,
    leadSeconds = 0,
    mounts = [],
  }: { readonly late?: boolean; readonly leadSeconds?: number; readonly mounts?: readonly VolumeMount[] } = {},
): Container[] {
  const { scenario, schedule, paths } = pair;
  if (!scenario) return [];
  return [
    {
      name: TURN,
      image,
      imagePullPolicy: "IfNotPresent",
      command: ["sh", "/probe/turn.sh"],
      env: probeEnvironment(settings, pair, {
        TURN_SECONDS: schedule.turnSeconds - leadSeconds,
        ...(late ? { AWAIT: paths.mountPointInWhole, AWAIT_SECONDS: schedule.awaitSeconds } : {}),
      }),
      resources: settings.resources.consumer,
      securityContext: UNPRIVILEGED,
      volumeMounts: [
        PROBE_MOUNT,
        {
          name: BRIDGES,
          mountPath: BRIDGE_PATH,
          readOnly: true,
          ...(late ? { mountPropagation: "HostToContainer" } : {}),
        },
        ...mounts,
      ],
    },
  ];
}

const BRIDGES = "bridges";

/** The whole bridge, for those who wait: what the base pair's producer has written, and a late consumer's mount. */
const wholeBridge = ({ bridge }: Settings, { scenario }: Pair): readonly Volume[] =>
  scenario ? [directoryOf(BRIDGES, bridge)] : [];

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

export const PROBE_MOUNT: VolumeMount = { name: "probe", mountPath: PROBE_DIRECTORY, readOnly: true };

/**
 * An emptyDir lies below the kubelet's own directory: a mount left there would keep the kubelet from removing it. Where it is the
 * question whether that happens, the sidecar sees to it that such a mount can be taken away: see probe/samePod.sh.
 */
export const bridgeMount = (
  { paths, variation: { samePod } }: Pair,
  side: "producer" | "consumer",
  mountPropagation: Propagation,
): VolumeMount => {
  const { hostDirectory, mountPath, subPath } = paths[side];
  return {
    name: "bridge",
    mountPath,
    ...(subPath === undefined ? {} : { subPath }),
    ...(side === "consumer" ? { readOnly: true } : {}),
    mountPropagation: hostDirectory === undefined && !samePod ? "None" : mountPropagation,
  };
};

/** What is found out in one container and must outlast it, or reach the others of its pod. */
export const FINDINGS_VOLUME: Volume = { name: "findings", emptyDir: { sizeLimit: "1Mi" } };
export const FINDINGS_MOUNT: VolumeMount = { name: "findings", mountPath: "/findings" };

/** The variables of every script of the probe, and those of this one: see `probe/lib.sh`. */
export function probeEnvironment({ run }: Settings, { node, schedule }: Pair, more: Environment) {
  const all: Environment = { RUN: run, NODE: node, ...schedule.both, ...more };
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

function toleration({ key, operator, value, effect }: Settings["tolerations"][number]) {
  return { key, operator, ...(value === undefined ? {} : { value }), effect };
}
