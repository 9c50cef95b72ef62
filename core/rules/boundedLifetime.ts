import { isFluxKustomization } from "./gitops.ts";
import type { Look } from "./look.ts";
import type { Rule } from "./rule.ts";

/** The longest inspection window a setting allows, a day, and the time a start may take. */
const LONGEST_SECONDS = 24 * 60 * 60 + 300;
const LONGEST_GRACE_SECONDS = 60;

/** Annotations that make a tool leave an object behind. */
export const KEEPERS: Readonly<Record<string, string>> = {
  "kustomize.toolkit.fluxcd.io/prune": "disabled",
  "helm.sh/resource-policy": "keep",
  "pulumi.com/deletionPropagationPolicy": "orphan",
};

export const boundedLifetime: Rule = {
  id: "bounded-lifetime",
  severity: "medium",
  title: "Every pod ends by itself, and nothing resists being removed.",
  remedy: "set activeDeadlineSeconds (a day at most), and nothing that keeps the object when the test goes",
  check(look) {
    for (const { spec } of look.pods()) {
      const deadline = spec.get("activeDeadlineSeconds");
      if (!deadline.unknown && !within(deadline.value, 1, LONGEST_SECONDS))
        look.fault(deadline, "lets the pod live on when nobody looks");
      const grace = spec.get("terminationGracePeriodSeconds");
      if (!grace.absent && !grace.unknown && !within(grace.value, 0, LONGEST_GRACE_SECONDS))
        look.fault(grace, `holds up the removal for more than ${LONGEST_GRACE_SECONDS} s`);
    }
    kept(look);
    if (isFluxKustomization(look)) keptByFlux(look);
  },
};

const within = (value: unknown, from: number, to: number): boolean =>
  typeof value === "number" && Number.isInteger(value) && value >= from && value <= to;

function kept(look: Look): void {
  const metadata = look.object.get("metadata");
  const finalizers = metadata.get("finalizers");
  if (!finalizers.empty) look.fault(finalizers, "holds up the removal until someone takes them off");
  const annotations = metadata.get("annotations");
  for (const [key, value] of Object.entries(KEEPERS)) {
    const at = annotations.get(key);
    if (at.text?.toLowerCase() === value) look.fault(at, "keeps the object when the test goes");
  }
  if (look.subject.resource?.protect) look.veiled(look.object, "is protected, so that destroy stops at it");
}

/** Taking the entry out of the repository must take the pods out of the cluster. */
function keptByFlux(look: Look): void {
  const prune = look.object.dig("spec", "prune");
  if (prune.value !== true) look.fault(prune, "leaves the pods running when the entry is removed");
  const policy = look.object.dig("spec", "deletionPolicy");
  if (policy.value === "Orphan") look.fault(policy, "leaves the pods running when the Kustomization is deleted");
}
