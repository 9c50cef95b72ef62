import { CONTROL, isDeciding, READER_CONTAINERS, READER_ROLES, type ReaderRole } from "../contract/readers.ts";
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
} from "./pod.ts";
import type { Container, Pod, Propagation, SecurityContext } from "./types.ts";

/**
 * The consumer: a matrix of unprivileged containers over one bridge. The negative control is the first, since the kubelet
 * starts containers in their order and it must exist before the mount.
 */
export function consumer(settings: Settings, pair: Pair): Pod {
  const { late = false, readersRestart, userNamespace = false } = pair.variation;
  return pairPod(settings, pair, "consumer", {
    restarts: readersRestart !== undefined,
    annotations: READER_FIRST,
    ...(userNamespace ? { hostUsers: false } : {}),
    initContainers: [
      ...pulls([settings.producerImage], settings.consumerImage, settings.resources.consumer),
      ...turn(settings, pair, settings.consumerImage, { late, leadSeconds: pair.schedule.leadSeconds }),
    ],
    containers: readers(settings, pair),
    volumes: [FINDINGS_VOLUME],
  });
}

/** `kubectl logs fuse-consumer` without -c then tells the default reader's story. */
export const READER_FIRST = { "kubectl.kubernetes.io/default-container": READER_CONTAINERS.default.container } as const;

/** A container that is not ready before a command succeeds, and is never restarted for it. */
const startupProbe = (command: readonly string[]): NonNullable<Container["startupProbe"]> => ({
  exec: { command },
  periodSeconds: 2,
  failureThreshold: 1_000_000,
});

/** The control and the readers of a pair. */
export function readers(settings: Settings, pair: Pair): Container[] {
  const { scenario, permissions } = pair;
  const roles = READER_ROLES.filter((role) => isDeciding(role) || permissions);
  const container = (
    name: string,
    role: ReaderRole | typeof CONTROL.role,
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
      ...(permissions && role !== CONTROL.role && !isDeciding(role) ? { PERMISSIONS: "only" } : {}),
      ...markerEnvironment(settings),
    }),
    resources: settings.resources.consumer,
    securityContext,
    volumeMounts: [bridgeMount(pair, "consumer", mountPropagation), PROBE_MOUNT, FINDINGS_MOUNT],
    // A reader is ready only after its SUCCESS: so `kubectl get pods` and Flux's health show the result. A scenario's pair
    // may be meant to fail: it is healthy once it is through. As a startup probe it ends with that SUCCESS: to start a program in a
    // container each two seconds keeps a quarter of a core busy.
    ...(scenario || role === CONTROL.role || !isDeciding(role)
      ? {}
      : { startupProbe: startupProbe(["test", "-e", `/findings/success-${role}`]) }),
  });
  return [
    container(CONTROL.container, CONTROL.role, "None", UNPRIVILEGED),
    ...roles.map((role) => {
      const { container: name, restrictions } = READER_CONTAINERS[role];
      return container(name, role, "HostToContainer", { ...UNPRIVILEGED, ...restrictions });
    }),
  ];
}
