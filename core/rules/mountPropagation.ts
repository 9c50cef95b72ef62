import { BIDIRECTIONAL_PATHS } from "./allowed.ts";
import type { At } from "./at.ts";
import type { Look } from "./look.ts";
import type { ContainerPlace, PodPlace } from "./pods.ts";
import { privilegeFault, volumeOf } from "./roles.ts";
import type { Rule } from "./rule.ts";

const HARMLESS: ReadonlySet<unknown> = new Set(["", "None", "HostToContainer"]);

export const mountPropagation: Rule = {
  id: "mount-propagation",
  severity: "critical",
  title: "Mounts leave no container but the producer, and only through the bridge.",
  remedy: "use HostToContainer or None; Bidirectional belongs to the bridge mount of container fuse-producer alone",
  check(look) {
    for (const pod of look.pods())
      for (const container of pod.containers)
        for (const mount of container.at.get("volumeMounts").items()) mountFault(look, pod, container, mount);
  },
};

function mountFault(look: Look, pod: PodPlace, container: ContainerPlace, mount: At): void {
  const at = mount.get("mountPropagation");
  if (at.absent || HARMLESS.has(at.value)) return;
  const words =
    at.value === "Bidirectional" ? bidirectionalFault(look, pod, container, mount) : "is no kind of propagation";
  if (words) look.fault(at, words);
}

function bidirectionalFault(look: Look, pod: PodPlace, container: ContainerPlace, mount: At): string | undefined {
  const words = privilegeFault(look, pod, container);
  if (words) return words;
  if (volumeOf(pod, mount)?.get("hostPath").absent ?? true) return "is not on the bridge";
  const path = mount.get("mountPath").text ?? "";
  return BIDIRECTIONAL_PATHS.includes(path) ? undefined : "is not mounted at /bridge";
}
