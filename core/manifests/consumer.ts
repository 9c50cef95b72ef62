import type { Settings } from "../settings.ts";
import { CONSUMER, CONTROL_CONTAINER, HARDENED_CONTAINER, podName } from "./names.ts";
import { bridgeMount, PROBE_MOUNT, pod, probeEnvironment, pulls, UNPRIVILEGED } from "./pod.ts";
import type { Container, Pod, Propagation, SecurityContext } from "./types.ts";

/** A user and group of no one, on every distribution. */
const NOBODY = 65534;

const HARDENED: SecurityContext = {
  ...UNPRIVILEGED,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  runAsUser: NOBODY,
  runAsGroup: NOBODY,
  capabilities: { drop: ["ALL"] },
};

/**
 * The consumer: a matrix of unprivileged containers over one bridge. The negative control is the first, since the kubelet
 * starts containers in their order and it must exist before the mount.
 */
export function consumer(settings: Settings, node: string): Pod {
  const container = (
    name: string,
    role: string,
    mountPropagation: Propagation,
    securityContext: SecurityContext,
  ): Container => ({
    name,
    image: settings.consumerImage,
    imagePullPolicy: "IfNotPresent",
    command: ["sh", "/probe/consumer.sh"],
    env: probeEnvironment(settings, node, {
      ROLE: role,
      MARKER_WAIT_SECONDS: settings.markerWaitSeconds,
      WATCH_SECONDS:
        settings.markerWaitSeconds + settings.holdSeconds + settings.staleSeconds + settings.recoverSeconds,
    }),
    resources: settings.resources.consumer,
    securityContext,
    volumeMounts: [bridgeMount(mountPropagation, true), PROBE_MOUNT, { name: "findings", mountPath: "/findings" }],
    // A reader is ready only after its SUCCESS: so `kubectl get pods` and Flux's health show the result.
    ...(role === "control"
      ? {}
      : { readinessProbe: { exec: { command: ["test", "-e", `/findings/success-${role}`] }, periodSeconds: 2 } }),
  });
  return pod(settings, node, {
    name: podName(CONSUMER, node, settings),
    component: "consumer",
    // `kubectl logs fuse-consumer` without -c then tells the default reader's story.
    annotations: { "kubectl.kubernetes.io/default-container": CONSUMER },
    initContainers: pulls([settings.producerImage], settings.consumerImage, settings.resources.consumer),
    containers: [
      container(CONTROL_CONTAINER, "control", "None", UNPRIVILEGED),
      container(CONSUMER, "default", "HostToContainer", UNPRIVILEGED),
      container(HARDENED_CONTAINER, "hardened", "HostToContainer", HARDENED),
    ],
    volumes: [{ name: "findings", emptyDir: { sizeLimit: "1Mi" } }],
  });
}
