import { PROBE_CONFIG_MAP } from "../contract/names.ts";
import type { Look } from "./look.ts";
import { privilegeFault } from "./roles.ts";
import type { Rule } from "./rule.ts";

export const privilegedProducerOnly: Rule = {
  id: "privileged-producer-only",
  severity: "critical",
  title: "No container is privileged but the producer's, and that one runs the probe and nothing else.",
  remedy: "set privileged: false; only container fuse-producer of the Pod fuse-producer may be privileged",
  check(look) {
    for (const pod of look.pods())
      for (const container of pod.containers) {
        const privileged = container.at.dig("securityContext", "privileged");
        if (privileged.off || privileged.unknown) continue;
        const words = privilegeFault(look, pod, container);
        if (words) look.fault(privileged, words);
      }
    probeConfigMap(look);
  },
};

/** The privileged container runs what this config map holds. */
function probeConfigMap(look: Look): void {
  const { scripts, namespace } = look.allowed;
  const { kind, apiVersion } = look.subject;
  if (!scripts || kind !== "ConfigMap" || apiVersion !== "v1") return;
  if (look.name !== PROBE_CONFIG_MAP || look.namespace !== namespace) return;
  const data = look.object.get("data");
  const known = Object.keys(scripts);
  for (const at of data.entries())
    if (at.value !== scripts[String(at.key)]) look.veiled(at, "is not the probe's script of this version");
  for (const name of known) if (data.get(name).absent) look.veiled(data.get(name), "is missing from the probe");
  if (!look.object.get("binaryData").empty) look.veiled(look.object.get("binaryData"), "is no part of the probe");
}
