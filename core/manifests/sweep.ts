import { PROJECT } from "../contract/names.ts";
import { PAIR_SCENARIOS } from "../contract/scenarios.ts";
import type { Settings } from "../settings/settings.ts";
import { bridgeMount, pod, UNPRIVILEGED } from "./pod.ts";
import type { Pod, SecurityContext } from "./types.ts";

/** Long enough for one look at a mount table; a pod that hangs is ended by the kubelet. */
const SWEEP_DEADLINE_SECONDS = 30;

/** Who looks is root without any of root's powers: what root owns may be removed, and nothing else written. */
const LOOKER: SecurityContext = {
  ...UNPRIVILEGED,
  runAsUser: 0,
  runAsGroup: 0,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

/**
 * A pod of a second or two that looks at what is left of the bridge on a node, or takes mounts away. It is no part of the
 * test's bundle: cli/sweep.ts creates and deletes it.
 *
 * To remove the bridge itself it must see the bridge's parent directory; it does so without privileges, and runs rmdir only.
 *
 * @param script the text of probe/sweep.sh: the config map may be gone by now
 * @param since when the test's namespace was made, in seconds since 1970; undefined where nobody knows: then only a bridge that
 * the producer has marked as the test's own is removed
 */
export function sweepPod(
  settings: Settings,
  node: string,
  task: "check" | "unmount",
  script: string,
  since?: number,
): Pod {
  const cut = settings.bridge.lastIndexOf("/");
  const host = task === "check" ? settings.bridge.slice(0, cut) : settings.bridge;
  const base = pod(
    settings,
    { node, turnSeconds: 0 },
    {
      base: `fuse-sweep-${task}`,
      component: "sweep",
      initContainers: [],
      containers: [
        {
          name: "sweep",
          image: settings[task === "check" ? "consumerImage" : "producerImage"],
          imagePullPolicy: "IfNotPresent",
          command: ["sh", "-c", script, "sweep", task],
          env: [
            { name: "NAME", value: settings.bridge.slice(cut + 1) },
            { name: "SCENARIOS", value: PAIR_SCENARIOS.map(({ id }) => id).join(" ") },
            // Only directories have an age that matters.
            ...(task === "check" && since !== undefined ? [{ name: "SINCE", value: String(since) }] : []),
          ],
          resources: settings.resources.consumer,
          securityContext: task === "check" ? LOOKER : { privileged: true },
          volumeMounts: [
            task === "check"
              ? { name: "bridge", mountPath: "/host", mountPropagation: "None" }
              : bridgeMount("Bidirectional", false),
          ],
        },
      ],
    },
  );
  const labels = { ...base.metadata.labels, [`${PROJECT}/run`]: "sweep" };
  return {
    ...base,
    metadata: { ...base.metadata, labels },
    spec: {
      ...base.spec,
      activeDeadlineSeconds: SWEEP_DEADLINE_SECONDS,
      terminationGracePeriodSeconds: 0,
      volumes: [{ name: "bridge", hostPath: { path: host, type: "DirectoryOrCreate" } }],
    },
  };
}
