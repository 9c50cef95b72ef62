import { START_ALLOWANCE_SECONDS, TIMES } from "../contract/times.ts";
import { RETAINING, reportRetaining } from "./annotations.ts";
import { celLiteral, lines } from "./cel.ts";
import { isFluxKustomization, WRITTEN_OVER, writtenOver } from "./gitops.ts";
import type { Review } from "./review.ts";
import type { Rule } from "./rule.ts";

/** The longest inspection window a setting allows, a day, and the time a start may take. */
const LONGEST_SECONDS = TIMES.inspectionMinutes.to * 60 + START_ALLOWANCE_SECONDS;
const LONGEST_GRACE_SECONDS = 60;
/** What Kubernetes sets where nothing is set. */
const DEFAULT_GRACE_SECONDS = 30;

export const boundedLifetime: Rule = {
  id: "bounded-lifetime",
  severity: "medium",
  title: "Every pod ends by itself, and nothing resists being removed.",
  remedy: "set activeDeadlineSeconds (a day at most), and nothing that keeps the object when the test goes",
  restrictions: [
    { fields: ["spec.activeDeadlineSeconds"], allowed: `1 to ${LONGEST_SECONDS} (a day, and what a start may take)` },
    { fields: ["spec.terminationGracePeriodSeconds"], allowed: `not set, 0 to ${LONGEST_GRACE_SECONDS}` },
    { fields: ["metadata.finalizers"], allowed: "not set, empty" },
    {
      fields: ["metadata.{annotations,labels}[*]", ...WRITTEN_OVER],
      allowed: `anything but ${Object.entries(RETAINING)
        .map(([key, value]) => `\`${key}: ${value}\``)
        .join(", ")}`,
    },
    { fields: ["spec.prune"], allowed: "`true`, in a Kustomization of Flux" },
    { fields: ["spec.deletionPolicy"], allowed: "anything but `Orphan`, in a Kustomization of Flux" },
  ],
  check(review) {
    for (const { spec } of review.pods()) {
      const deadline = spec.get("activeDeadlineSeconds");
      if (!deadline.unknown && !within(deadline.value, 1, LONGEST_SECONDS))
        review.report(deadline, "lets the pod live on when nobody looks");
      const grace = spec.get("terminationGracePeriodSeconds");
      if (!grace.absent && !grace.unknown && !within(grace.value, 0, LONGEST_GRACE_SECONDS))
        review.report(grace, `holds up the removal for more than ${LONGEST_GRACE_SECONDS} s`);
    }
    reportRetained(review);
    if (isFluxKustomization(review)) reportRetainedByFlux(review);
  },
  cel: {
    pods: () => [
      lines(
        `object.spec.?activeDeadlineSeconds.orValue(0) >= 1 && object.spec.?activeDeadlineSeconds.orValue(0) <= ${LONGEST_SECONDS}`,
        `&& object.spec.?terminationGracePeriodSeconds.orValue(${DEFAULT_GRACE_SECONDS}) <= ${LONGEST_GRACE_SECONDS}`,
        "&& object.metadata.?finalizers.orValue([]).size() == 0",
        ...Object.entries(RETAINING).flatMap(([key, value]) =>
          ["annotations", "labels"].map(
            (kind) =>
              `&& object.metadata.?${kind}[?${celLiteral(key)}].orValue('').lowerAscii() != ${celLiteral(value)}`,
          ),
        ),
      ),
    ],
    beyond: "Pulumi's `protect` and what a Kustomization of Flux says are no fields of the objects in the namespace.",
  },
};

const within = (value: unknown, from: number, to: number): boolean =>
  typeof value === "number" && Number.isInteger(value) && value >= from && value <= to;

function reportRetained(review: Review): void {
  const metadata = review.object.get("metadata");
  const finalizers = metadata.get("finalizers");
  if (!finalizers.empty) review.report(finalizers, "holds up the removal until someone takes them off");
  for (const written of [metadata.get("annotations"), metadata.get("labels"), ...writtenOver(review)])
    reportRetaining(review, written);
  if (review.subject.resource?.protect)
    review.reportWithoutValue(review.object, "is protected, so that destroy stops at it");
}

/** Taking the entry out of the repository must take the pods out of the cluster. */
function reportRetainedByFlux(review: Review): void {
  const prune = review.object.dig("spec", "prune");
  if (prune.value !== true) review.report(prune, "leaves the pods running when the entry is removed");
  const policy = review.object.dig("spec", "deletionPolicy");
  if (policy.value === "Orphan") review.report(policy, "leaves the pods running when the Kustomization is deleted");
}
