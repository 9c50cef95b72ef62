import { SIDECAR, STORE_PATH } from "../contract/samePod.ts";
import type { Pair } from "../plan/plan.ts";
import type { Settings } from "../settings/settings.ts";
import { READER_FIRST, readers } from "./consumer.ts";
import { bridgeMount, directoryOf, FINDINGS_MOUNT, FINDINGS_VOLUME, PROBE_MOUNT, pairPod, pulls, turn } from "./pod.ts";
import { daemon, POD_MOUNT, POD_VOLUME } from "./producer.ts";
import type { Pod } from "./types.ts";

/**
 * Daemon and readers in one pod, the daemon as a native sidecar: the kubelet starts it before the readers, starts it again whenever
 * it ends, and ends it after them. Over an emptyDir it has the scenario's directory of the node as well, for what it serves.
 */
export function samePod(settings: Settings, pair: Pair): Pod {
  const { producer, storeDirectory } = pair.paths;
  const apart = producer.hostDirectory === undefined && storeDirectory !== undefined;
  return pairPod(settings, pair, "producer", {
    annotations: {
      ...READER_FIRST,
      // The command is the shell's to expand, not Flux'.
      ...(settings.command === "" ? {} : { "kustomize.toolkit.fluxcd.io/substitute": "disabled" }),
    },
    initContainers: [
      ...pulls([settings.consumerImage], settings.producerImage, settings.resources.consumer),
      ...turn(settings, pair, settings.producerImage, { mounts: [POD_MOUNT] }),
      {
        ...daemon(settings, pair, SIDECAR, [
          bridgeMount(pair, "producer", "Bidirectional"),
          ...(apart ? [{ name: "store", mountPath: STORE_PATH, mountPropagation: "Bidirectional" } as const] : []),
          PROBE_MOUNT,
          FINDINGS_MOUNT,
          POD_MOUNT,
        ]),
        restartPolicy: "Always",
      },
    ],
    containers: readers(settings, pair),
    volumes: [FINDINGS_VOLUME, POD_VOLUME, ...(apart ? [directoryOf("store", storeDirectory)] : [])],
  });
}
