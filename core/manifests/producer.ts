import { PRODUCER } from "../contract/names.ts";
import { scenariosIn } from "../contract/scenarios.ts";
import type { Settings } from "../settings/settings.ts";
import { commandEnvironment, markerEnvironment } from "./ownDaemon.ts";
import { heldSeconds, type Pair, recoverSeconds, settledSeconds, staleSeconds } from "./pair.ts";
import {
  bridgeMount,
  FINDINGS_MOUNT,
  FINDINGS_VOLUME,
  PROBE_MOUNT,
  pod,
  probeEnvironment,
  pulls,
  turn,
} from "./pod.ts";
import type { Pod } from "./types.ts";

/**
 * The producer: the only privileged container of the test. Its bridge is the parent directory of the mount point, so that
 * a daemon that unmounts its mount point first does not tear down the kubelet's own bind mount; only the scenarios that
 * show that trap have it otherwise.
 */
export function producer(settings: Settings, pair: Pair): Pod {
  const { consumer: amounts, producer: own } = settings.resources;
  const dies = pair.scenario?.pair.fault === "die";
  const onNode = pair.scenario?.pair.bridge !== "emptyDir";
  return pod(settings, pair, {
    base: PRODUCER,
    component: "producer",
    restarts: dies,
    // The command is the shell's to expand, not Flux'.
    ...(settings.command === "" ? {} : { annotations: { "kustomize.toolkit.fluxcd.io/substitute": "disabled" } }),
    initContainers: [
      ...pulls([settings.consumerImage], settings.producerImage, amounts),
      ...turn(settings, pair, settings.producerImage),
    ],
    containers: [
      {
        name: PRODUCER,
        image: settings.producerImage,
        imagePullPolicy: "IfNotPresent",
        command: ["sh", "/probe/producer.sh"],
        env: probeEnvironment(settings, pair, {
          DRIVER: settings.driver,
          SETTLE_SECONDS: settledSeconds(settings),
          MOUNT_SECONDS: settings.mountSeconds,
          ...schedule(settings, pair),
          ...commandEnvironment(settings),
          ...markerEnvironment(settings),
        }),
        resources: own,
        securityContext: { privileged: true },
        // An emptyDir lies below the kubelet's own directory: a mount left there would keep the kubelet from removing it.
        volumeMounts: [
          bridgeMount(onNode ? "Bidirectional" : "None", false, pair.scenario),
          PROBE_MOUNT,
          ...(dies ? [FINDINGS_MOUNT] : []),
        ],
      },
    ],
    volumes: dies ? [FINDINGS_VOLUME] : [],
  });
}

/** What the producer does to its daemon, and what comes after. */
function schedule(settings: Settings, { scenario }: Pair): Record<string, string | number> {
  if (!scenario) {
    const names = scenariosIn(settings);
    return {
      FAULT: names.includes("daemon-crash") ? "crash" : "none",
      HOLD_SECONDS: settings.holdSeconds,
      STALE_SECONDS: settings.staleSeconds,
      RECOVER_SECONDS: settings.recoverSeconds,
      PERMISSIONS: names.includes("permissions") ? "yes" : "no",
    };
  }
  const { fault, unmountAtStart, delaySeconds } = scenario.pair;
  return {
    FAULT: fault,
    HOLD_SECONDS: heldSeconds(settings, scenario),
    STALE_SECONDS: staleSeconds(settings, scenario),
    RECOVER_SECONDS: recoverSeconds(settings, scenario),
    ...(unmountAtStart ? { UNMOUNT_AT_START: "yes" } : {}),
    ...(delaySeconds ? { DELAY_SECONDS: delaySeconds } : {}),
  };
}
