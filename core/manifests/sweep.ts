import { BRIDGE_PATH, SWEEP_HOST_PATH, scenarioDirectories, splitBridge } from "../contract/bridge.ts";
import { podName, SWEEP_PODS } from "../contract/names.ts";
import type { ScenarioId } from "../contract/scenarios.ts";
import { slowness } from "../contract/times.ts";
import type { Settings } from "../settings/settings.ts";
import { directoryOf, pod, UNPRIVILEGED } from "./pod.ts";
import type { Pod, SecurityContext } from "./types.ts";

/** Long enough to read one mount table; a pod that hangs is ended by the kubelet. */
const SWEEP_DEADLINE_SECONDS = 30;

/** Root without any capability: it may remove what root owns, and write nothing else. */
const REMOVER: SecurityContext = {
  ...UNPRIVILEGED,
  runAsUser: 0,
  runAsGroup: 0,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

/**
 * A pod of a second or two that checks what is left of the bridge on a node, or takes mounts away. It is no part of the
 * test's bundle: cluster/sweepNode.ts creates and deletes it.
 *
 * To remove the bridge itself it must see the bridge's parent directory; it does so without privileges, and runs rmdir only.
 *
 * @param script the text of probe/sweep.sh: the config map may be gone by now
 * @param since when the test's namespace was made, in seconds since 1970; undefined where nobody knows: then only a bridge that
 * the producer has marked as the test's own is removed
 * @param only the scenario whose mounts alone are taken away
 */
export function sweepPod(
  settings: Settings,
  node: string,
  task: keyof typeof SWEEP_PODS,
  script: string,
  since?: number,
  only?: ScenarioId,
): Pod {
  const check = task === "check";
  const { parent, name } = splitBridge(settings.bridge);
  return pod(
    { ...settings, run: "sweep" },
    {
      name: podName(SWEEP_PODS[task], node, settings.nodes),
      component: "sweep",
      node,
      deadlineSeconds: Math.ceil(SWEEP_DEADLINE_SECONDS * slowness(settings)),
      graceSeconds: 0,
      containers: [
        {
          name: "sweep",
          image: settings[check ? "consumerImage" : "producerImage"],
          imagePullPolicy: "IfNotPresent",
          command: ["sh", "-c", script, "sweep", task],
          env: [
            { name: "NAME", value: name },
            { name: "SCENARIOS", value: scenarioDirectories.join(" ") },
            ...(only === undefined ? [] : [{ name: "ONLY", value: only }]),
            // Only directories have an age that matters.
            ...(check && since !== undefined ? [{ name: "SINCE", value: String(since) }] : []),
          ],
          resources: settings.resources.consumer,
          securityContext: check ? REMOVER : { privileged: true },
          volumeMounts: [
            check
              ? { name: "bridge", mountPath: SWEEP_HOST_PATH, mountPropagation: "None" }
              : { name: "bridge", mountPath: BRIDGE_PATH, mountPropagation: "Bidirectional" },
          ],
        },
      ],
      volumes: [directoryOf("bridge", check ? parent : settings.bridge)],
    },
  );
}
