/** How the end-to-end test of the causes makes a deployment that fails for one reason: the bundle, with one thing changed. */
import type { V1Container, V1Pod, V1VolumeMount } from "@kubernetes/client-node";
import { apiPod } from "../../core/manifests/api.ts";
import { bundle } from "../../core/manifests/index.ts";
import { parseSettings, type SettingsInput } from "../../core/settings/settings.ts";
import { probeScripts } from "../../probe/scripts.ts";
import type { SandboxDocument } from "./sandbox.ts";

/** The objects of one run, for a provocation to change. */
export interface Deployment {
  readonly producer: V1Pod;
  readonly consumer: V1Pod;
  readonly labels: Record<string, string>;
  readonly scripts: Record<string, string>;
  readonly bridge: string;
}

export interface Provocation {
  /** The cause it must be found to be. */
  readonly cause: string;
  /** What was changed, for the table. */
  readonly how: string;
  /** What the quoted evidence must say. */
  readonly quoted: RegExp;
  readonly settings?: Partial<SettingsInput>;
  readonly node?: string;
  /** Only where k3s-w2 is a virtual machine, with an AppArmor of its own: `FUSE_TEST_MACHINE=vm`. */
  readonly inMachine?: true;
  /** Seconds from the producer's mount to the consumer, which is created then: not at the same time as the producer. */
  readonly consumerAfter?: number;
  /** Shell on the node before and after the run, with the node's /tmp at /host. */
  readonly before?: string;
  readonly after?: string;
  /** Objects beside the bundle's. */
  readonly extra?: (at: { namespace: string; bridge: string; image: string }) => readonly object[];
  readonly change?: (deployment: Deployment) => void;
}

export const TOLERATIONS = [{ key: "node.longhorn.io/storage", value: "enabled", effect: "NoSchedule" as const }];

export function deployment({ images }: SandboxDocument, provocation: Provocation, id: string) {
  const settings = parseSettings({
    nodes: [provocation.node ?? "k3s-w2"],
    namespace: `causes-${id}`,
    bridge: `/tmp/causes-${id}`,
    producerImage: images.producer,
    consumerImage: images.producer,
    tolerations: TOLERATIONS,
    // A daemon that takes a tenth of a second on an idle machine has taken more than two on a busy one.
    markerWaitSeconds: 12,
    settleSeconds: 2,
    mountSeconds: 8,
    probeSeconds: 1,
    collectSeconds: 40,
    inspectionMinutes: 2,
    scenarios: [],
    ...provocation.settings,
  });
  const made = bundle(settings, probeScripts());
  const [pair] = made.pods;
  if (!pair) throw new Error("the bundle has no pods");
  const copy = structuredClone({ ...made, ...pair });
  const scripts: Record<string, string> = { ...copy.probe.data };
  const labels = { ...copy.namespace.metadata.labels } as Record<string, string>;
  const producer = apiPod(pair.producer);
  const consumer = apiPod(pair.consumer);
  provocation.change?.({ producer, consumer, labels, scripts, bridge: settings.bridge });
  const namespace = { ...copy.namespace, metadata: { ...copy.namespace.metadata, labels } };
  const { namespace: name, bridge, producerImage: image } = settings;
  const extra = provocation.extra?.({ namespace: name, bridge, image }) ?? [];
  const first = [namespace, { ...copy.probe, data: scripts }, ...extra];
  return { settings, first, producer, consumer };
}

/** Somebody else's daemon on the node k3s-w2, with a film in its mount at the directory `fuse` of a bridge. */
export function mediaPod(namespace: string, bridge: string, image: string): object {
  const serve = "mkdir -p /srv /media/fuse; echo film >/srv/film; exec rclone mount /srv /media/fuse --allow-other";
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "media", namespace },
    spec: {
      nodeName: "k3s-w2",
      terminationGracePeriodSeconds: 2,
      containers: [
        {
          name: "media",
          image,
          command: ["sh", "-c", serve],
          env: [{ name: "RCLONE_CONFIG", value: "/dev/null" }],
          securityContext: { privileged: true },
          volumeMounts: [{ name: "media", mountPath: "/media", mountPropagation: "Bidirectional" }],
        },
      ],
      volumes: [{ name: "media", hostPath: { path: bridge, type: "DirectoryOrCreate" } }],
    },
  };
}

export const containers = (pod: V1Pod): V1Container[] => pod.spec?.containers ?? [];

/** Of every container of a pod, the mount of the bridge; the negative control's stays as it is. */
export const bridges = (pod: V1Pod): V1VolumeMount[] =>
  containers(pod)
    .filter(({ name }) => name !== "fuse-control")
    .flatMap(({ volumeMounts = [] }) => volumeMounts.filter(({ name }) => name === "bridge"));

/** A RuntimeClass of the test's own: `kubectl delete runtimeclass --selector=causes` deletes them all. */
export const runtimeClass = (name: string, handler: string): object => ({
  apiVersion: "node.k8s.io/v1",
  kind: "RuntimeClass",
  metadata: { name, labels: { causes: "" } },
  handler,
});

/** Puts another directory of the node, or another volume, in the place of the bridge. */
export function volume(pod: V1Pod, source: object): void {
  if (pod.spec)
    pod.spec.volumes =
      pod.spec.volumes?.map((one) => (one.name === "bridge" ? { name: "bridge", ...source } : one)) ?? [];
}

/** Shell that the producer runs before its daemon, with the mount point as $1. */
export function beforeDaemon({ scripts }: Deployment, shell: string): void {
  const driver = scripts["driver-rclone.sh"] ?? "";
  scripts["driver-rclone.sh"] = driver.replace("driver_start() {", `driver_start() {\n${shell}`);
}

export function replaceInDriver({ scripts }: Deployment, from: string, to: string): void {
  const driver = scripts["driver-rclone.sh"] ?? "";
  if (!driver.includes(from)) throw new Error(`the driver has no ${from}`);
  scripts["driver-rclone.sh"] = driver.replace(from, to);
}

/** Shell that the producer's container runs before the probe. */
export function beforeProbe(pod: V1Pod, shell: string): void {
  for (const container of containers(pod)) container.command = ["sh", "-c", `${shell}; exec sh /probe/producer.sh`];
}
