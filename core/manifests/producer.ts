import type { Settings } from "../settings.ts";
import { PRODUCER, podName } from "./names.ts";
import { bridgeMount, PROBE_MOUNT, pod, probeEnvironment, pulls } from "./pod.ts";
import type { Pod } from "./types.ts";

/**
 * The producer: the only privileged container of the test. Its bridge is the parent directory of the mount point, so that
 * a daemon that unmounts its mount point first does not tear down the kubelet's own bind mount.
 */
export function producer(settings: Settings, node: string): Pod {
  return pod(settings, node, {
    name: podName(PRODUCER, node, settings),
    component: "producer",
    initContainers: pulls([settings.consumerImage], settings.producerImage, settings.resources.consumer),
    containers: [
      {
        name: PRODUCER,
        image: settings.producerImage,
        imagePullPolicy: "IfNotPresent",
        command: ["sh", "/probe/producer.sh"],
        env: probeEnvironment(settings, node, {
          DRIVER: settings.driver,
          SETTLE_SECONDS: settings.settleSeconds,
          MOUNT_SECONDS: settings.mountSeconds,
          CRASH: settings.crash ? "yes" : "no",
          HOLD_SECONDS: settings.holdSeconds,
          STALE_SECONDS: settings.staleSeconds,
          RECOVER_SECONDS: settings.recoverSeconds,
        }),
        resources: settings.resources.producer,
        securityContext: { privileged: true },
        volumeMounts: [bridgeMount("Bidirectional", false), PROBE_MOUNT],
      },
    ],
  });
}
