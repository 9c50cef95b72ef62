import { CONSUMER, CONTROL_CONTAINER, HARDENED_CONTAINER, USER_CONTAINER } from "../contract/names.ts";
import { scenariosIn } from "../contract/scenarios.ts";
import type { Settings } from "../settings/settings.ts";
import { markerEnvironment } from "./ownDaemon.ts";
import { type Pair, scenarioSeconds } from "./pair.ts";
import {
  bridgeMount,
  bridges,
  FINDINGS_MOUNT,
  FINDINGS_VOLUME,
  PROBE_MOUNT,
  pod,
  probeEnvironment,
  pulls,
  turn,
  UNPRIVILEGED,
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
  const { scenario } = pair;
  const variation = scenario?.pair;
  const late = variation?.late ?? false;
  const permissions = !scenario && scenariosIn(settings).includes("permissions");
  const onNode = variation?.bridge !== "emptyDir";
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
      ...times(settings, pair),
      ...(permissions ? { PERMISSIONS: "yes" } : {}),
      ...(variation?.readersRestart ? { RESTART: "yes" } : {}),
      ...markerEnvironment(settings),
    }),
    resources: settings.resources.consumer,
    securityContext,
    volumeMounts: [bridgeMount(onNode ? mountPropagation : "None", true, scenario), PROBE_MOUNT, FINDINGS_MOUNT],
    // A reader is ready only after its SUCCESS: so `kubectl get pods` and Flux's health show the result. A scenario's pair
    // may be meant to fail: it is healthy once it is through.
    ...(scenario || !["default", "hardened"].includes(role)
      ? {}
      : { readinessProbe: { exec: { command: ["test", "-e", `/findings/success-${role}`] }, periodSeconds: 2 } }),
  });
  return pod(settings, pair, {
    base: CONSUMER,
    component: "consumer",
    restarts: variation?.readersRestart ?? false,
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
    volumes: [FINDINGS_VOLUME, ...(late ? [bridges(settings)] : [])],
  });
}

/** How long a reader waits for the marker, and how long it looks closely, in seconds. */
function times(settings: Settings, { scenario }: Pair): Record<string, number> {
  const { markerWaitSeconds, holdSeconds, staleSeconds, recoverSeconds } = settings;
  if (!scenario)
    return {
      MARKER_WAIT_SECONDS: markerWaitSeconds,
      WATCH_SECONDS: markerWaitSeconds + holdSeconds + staleSeconds + recoverSeconds,
    };
  const window = scenarioSeconds(settings, scenario);
  // It decides within its turn.
  return { MARKER_WAIT_SECONDS: Math.min(markerWaitSeconds, window - 2), WATCH_SECONDS: window };
}
