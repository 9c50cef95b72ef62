import { faultIn } from "../contract/faults.ts";
import { PRODUCER } from "../contract/names.ts";
import { quantity } from "../contract/quantity.ts";
import { POD_PATH } from "../contract/replacement.ts";
import type { Pair } from "../plan/plan.ts";
import type { Amounts, Settings } from "../settings/settings.ts";
import { commandEnvironment, deadMountEnvironment, markerEnvironment } from "./ownDaemon.ts";
import {
  bridgeMount,
  FINDINGS_MOUNT,
  FINDINGS_VOLUME,
  PROBE_MOUNT,
  pairPod,
  probeEnvironment,
  pulls,
  turn,
} from "./pod.ts";
import type { Container, Pod, Volume, VolumeMount } from "./types.ts";

const MIB = 1024 ** 2;
/** What an rclone takes that serves a small directory, in MiB: 15 were measured. */
const DAEMON_MIB = 24;

/** Its own annotations: whether this pod took the place of another. */
export const POD_VOLUME: Volume = {
  name: "pod",
  downwardAPI: { items: [{ path: "annotations", fieldRef: { fieldPath: "metadata.annotations" } }] },
};
export const POD_MOUNT: VolumeMount = { name: "pod", mountPath: POD_PATH, readOnly: true };

/**
 * The producer: the only privileged container of the test. Its bridge is the parent directory of the mount point, so that
 * a daemon that unmounts its mount point first does not tear down the kubelet's own bind mount; only the scenarios that
 * show that trap have it otherwise.
 */
export function producer(settings: Settings, pair: Pair): Pod {
  const { consumer: amounts } = settings.resources;
  const dies = faultIn(pair.variation)?.endsContainer ?? false;
  return pairPod(settings, pair, "producer", {
    restarts: dies,
    // The command is the shell's to expand, not Flux'.
    ...(settings.command === "" ? {} : { annotations: { "kustomize.toolkit.fluxcd.io/substitute": "disabled" } }),
    initContainers: [
      ...pulls([settings.consumerImage], settings.producerImage, amounts),
      ...turn(settings, pair, settings.producerImage),
    ],
    containers: [
      daemon(settings, pair, PRODUCER, [
        bridgeMount(pair, "producer", "Bidirectional"),
        PROBE_MOUNT,
        ...(dies ? [FINDINGS_MOUNT] : []),
        ...(pair.replaced.length > 0 ? [POD_MOUNT] : []),
      ]),
    ],
    volumes: [...(dies ? [FINDINGS_VOLUME] : []), ...(pair.replaced.length > 0 ? [POD_VOLUME] : [])],
  });
}

/** The container of the daemon: the only privileged one of its pod. */
export const daemon = (
  settings: Settings,
  pair: Pair,
  name: string,
  volumeMounts: readonly VolumeMount[],
): Container => ({
  name,
  image: settings.producerImage,
  imagePullPolicy: "IfNotPresent",
  command: ["sh", "/probe/producer.sh"],
  env: probeEnvironment(settings, pair, {
    DRIVER: settings.driver,
    ...pair.schedule.producer,
    ...(faultIn(pair.variation)?.outOfMemory || pair.variation.samePod
      ? { MEMORY_MIB: Math.ceil(quantity(settings.resources.producer.limits.memory) / MIB) }
      : {}),
    ...commandEnvironment(settings),
    ...deadMountEnvironment(settings),
    ...markerEnvironment(settings),
  }),
  resources: amountsFor(settings.resources.producer, pair.variation.mounts ?? 1),
  securityContext: { privileged: true },
  volumeMounts,
});

/** A limit in which so many daemons fit. */
function amountsFor(amounts: Amounts, daemons: number): Amounts {
  const needed = daemons * DAEMON_MIB;
  if (daemons === 1 || quantity(amounts.limits.memory) >= needed * MIB) return amounts;
  return { ...amounts, limits: { ...amounts.limits, memory: `${needed}Mi` } };
}
