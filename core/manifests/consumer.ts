import { CONSUMER, CONTROL_CONTAINER, HARDENED_CONTAINER, USER_CONTAINER } from "../contract/names.ts";
import type { Pair } from "../plan/plan.ts";
import type { Settings } from "../settings/settings.ts";
import { markerEnvironment } from "./ownDaemon.ts";
import {
  bridgeMount,
  FINDINGS_MOUNT,
  FINDINGS_VOLUME,
  PROBE_MOUNT,
  pairPod,
  probeEnvironment,
  pulls,
  turn,
  UNPRIVILEGED,
  wholeBridge,
} from "./pod.ts";
import type { Container, Pod, Propagation, SecurityContext } from "./types.ts";

/** A plain user, as most images have it: the first that a distribution gives to a person. */
const PLAIN_USER = 1000;
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

const PLAIN: SecurityContext = {
  ...UNPRIVILEGED,
  runAsNonRoot: true,
  runAsUser: PLAIN_USER,
  runAsGroup: PLAIN_USER,
};

/**
 * The consumer: a matrix of unprivileged containers over one bridge. The negative control is the first, since the kubelet
 * starts containers in their order and it must exist before the mount.
 */
export function consumer(settings: Settings, pair: Pair): Pod {
  const { scenario, permissions } = pair;
  const { late = false, readersRestart = false } = pair.variation;
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
    env: probeEnvironment(settings, pair, {
      ROLE: role,
      ...pair.schedule.consumer,
      ...markerEnvironment(settings),
    }),
    resources: settings.resources.consumer,
    securityContext,
    volumeMounts: [bridgeMount(pair, mountPropagation, true), PROBE_MOUNT, FINDINGS_MOUNT],
    // A reader is ready only after its SUCCESS: so `kubectl get pods` and Flux's health show the result. A scenario's pair
    // may be meant to fail: it is healthy once it is through.
    ...(scenario || !["default", "hardened"].includes(role)
      ? {}
      : { readinessProbe: { exec: { command: ["test", "-e", `/findings/success-${role}`] }, periodSeconds: 2 } }),
  });
  return pairPod(settings, pair, "consumer", {
    restarts: readersRestart,
    // `kubectl logs fuse-consumer` without -c then tells the default reader's story.
    annotations: { "kubectl.kubernetes.io/default-container": CONSUMER },
    initContainers: [
      ...pulls([settings.producerImage], settings.consumerImage, settings.resources.consumer),
      ...turn(settings, pair, settings.consumerImage, late),
    ],
    containers: [
      container(CONTROL_CONTAINER, "control", "None", UNPRIVILEGED),
      container(CONSUMER, "default", "HostToContainer", UNPRIVILEGED),
      container(HARDENED_CONTAINER, "hardened", "HostToContainer", HARDENED),
      ...(permissions ? [container(USER_CONTAINER, "user", "HostToContainer", PLAIN)] : []),
    ],
    volumes: [FINDINGS_VOLUME, ...(late ? [wholeBridge(settings)] : [])],
  });
}
