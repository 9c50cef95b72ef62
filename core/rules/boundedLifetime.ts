import { keeperFaults } from "./annotations.ts";
import { isFluxKustomization, writtenOver } from "./gitops.ts";
import type { Look } from "./look.ts";
import type { Rule } from "./rule.ts";

/** The longest inspection window a setting allows, a day, and the time a start may take. */
const LONGEST_SECONDS = 24 * 60 * 60 + 300;
const LONGEST_GRACE_SECONDS = 60;

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
  for (const written of [metadata.get("annotations"), metadata.get("labels"), ...writtenOver(look)])
    keeperFaults(look, written);
  if (look.subject.resource?.protect) look.veiled(look.object, "is protected, so that destroy stops at it");
}

/** Taking the entry out of the repository must take the pods out of the cluster. */
function keptByFlux(look: Look): void {
  const prune = look.object.dig("spec", "prune");
  if (prune.value !== true) look.fault(prune, "leaves the pods running when the entry is removed");
  const policy = look.object.dig("spec", "deletionPolicy");
  if (policy.value === "Orphan") look.fault(policy, "leaves the pods running when the Kustomization is deleted");
}
