import { PROBE_CONFIG_MAP, PRODUCER } from "../contract/names.ts";
import { SIDECAR } from "../contract/samePod.ts";
import { celLiteral, lines } from "./cel.ts";
import { privilegeFault } from "./privilegeFault.ts";
import type { Review } from "./review.ts";
import { inContainers, type Rule } from "./rule.ts";

export const privilegedProducerOnly: Rule = {
  id: "privileged-producer-only",
  severity: "critical",
  title: "No container is privileged but the one with the daemon, and that one runs the probe and nothing else.",
  remedy:
    "set privileged: false; only container fuse-producer of the Pod fuse-producer may be privileged, and the sidecar of a scenario's own pod",
  restrictions: [
    {
      fields: [inContainers("securityContext.privileged")],
      allowed: `not set, \`false\`; \`true\` for container \`${PRODUCER}\` of a producer pod and native sidecar \`${SIDECAR}\` of a \`same-pod\` scenario's (and for the sweep's, where sweeps are let through), if its command, variables and volumes are those that this project gives it, and nothing else`,
    },
    {
      fields: ["data[*]", "binaryData"],
      allowed: `in ConfigMap \`${PROBE_CONFIG_MAP}\` of the test's namespace, the probe's own scripts, whole and unchanged`,
    },
  ],
  check(review) {
    for (const pod of review.pods())
      for (const container of pod.containers) {
        const privileged = container.fields.dig("securityContext", "privileged");
        if (privileged.off || privileged.unknown) continue;
        const problem = privilegeFault(review, pod, container);
        if (problem) review.report(privileged, problem);
      }
    reportProbe(review);
  },
  cel: {
    pods: () => [
      "variables.containers.all(c, !c.?securityContext.?privileged.orValue(false) || c.name in variables.trusted)",
    ],
    objects: ({ scripts }) => (scripts ? [probeInCel(scripts)] : []),
  },
};

/** The privileged container runs what this config map holds. */
function reportProbe(review: Review): void {
  const { scripts, namespace } = review.allowed;
  const { kind, apiVersion } = review.subject;
  if (!scripts || kind !== "ConfigMap" || apiVersion !== "v1") return;
  if (review.name !== PROBE_CONFIG_MAP || review.namespace !== namespace) return;
  const data = review.object.get("data");
  for (const script of data.entries())
    if (script.value !== scripts[String(script.key)])
      review.reportWithoutValue(script, "is not the probe's script of this version");
  for (const name of Object.keys(scripts))
    if (data.get(name).absent) review.reportWithoutValue(data.get(name), "is missing from the probe");
  const binary = review.object.get("binaryData");
  if (!binary.empty) review.reportWithoutValue(binary, "is no part of the probe");
}

const probeInCel = (scripts: Readonly<Record<string, string>>): string =>
  lines(
    "request.resource.group != '' || request.resource.resource != 'configmaps'",
    `|| object.metadata.name != ${celLiteral(PROBE_CONFIG_MAP)}`,
    `|| (!has(object.binaryData) && has(object.data) && object.data == ${celLiteral(scripts)})`,
  );
