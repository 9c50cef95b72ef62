import { foreignParts } from "./commands.ts";
import { FLUX_FIELDS, KUSTOMIZE_FIELDS, rewrites } from "./gitops.ts";
import { listed, typeToken, withoutPatch } from "./kinds.ts";
import type { Review } from "./review.ts";
import { type Rule, values } from "./rule.ts";

/** Types of resources that make objects which no preview shows. */
const OPAQUE_TYPE = /^(kubernetes:(helm\.sh|yaml|kustomize)(\/|:)|command:(?!local:Command$)|[^:]*:dynamic)/;

/** Kinds that make a controller fetch and apply what is not here. */
const OPAQUE_KIND =
  /^(helm\.toolkit\.fluxcd\.io\/\S+ HelmRelease|helm\.cattle\.io\/\S+ HelmChart(Config)?|argoproj\.io\/\S+ Application(Set)?)$/;

export const isOpaque = ({ subject: { apiVersion, kind, resource } }: Review): boolean =>
  OPAQUE_KIND.test(`${apiVersion} ${kind}`) || OPAQUE_TYPE.test(resource?.type ?? "");

export const noOpaqueSources: Rule = {
  id: "no-opaque-sources",
  severity: "high",
  title: "Everything that will be made can be seen and judged beforehand.",
  remedy: "write the objects out, as plain manifests or resources",
  restrictions: [
    {
      fields: ["(the object)"],
      allowed:
        "no Helm release or chart, no Application of Argo CD; of Pulumi's types none that makes objects which no preview shows, no component without children",
    },
    {
      fields: ["spec.*", "spec.sourceRef.{kind,name,namespace}", "spec.commonMetadata.*"],
      allowed: `in a Kustomization of Flux ${values(FLUX_FIELDS)}, from an allowed GitRepository`,
    },
    {
      fields: ["*", "labels[*].*", "resources[*]"],
      allowed: `in a kustomization.yaml ${values(KUSTOMIZE_FIELDS)}; \`resources\` that are files beside it`,
    },
    {
      fields: ["{create,update,delete,dir,stdin}"],
      allowed: "of a Pulumi `Command`, this project's own commands, from its directory, with these settings",
    },
    { fields: ["apiVersion", "kind", "items"], allowed: "of a Pulumi resource, what its type says" },
  ],
  check(review) {
    const { resource, kind, apiVersion } = review.subject;
    if (isOpaque(review))
      review.reportWithoutValue(review.object, `of type ${resource?.type ?? kind} makes objects that nobody sees here`);
    else if (resource?.type === "command:local:Command")
      for (const { at, words } of foreignParts(review)) review.reportWithoutValue(at, words);
    for (const { field, problem } of rewrites(review)) review.reportWithoutValue(field, problem);
    if (resource?.component && resource.children === 0)
      review.reportWithoutValue(
        review.object,
        `is a component (${resource.type}) without children: what it makes is hidden`,
      );
    reportDisagreement(review, apiVersion, kind);
  },
  cel: {
    inexpressible:
      "An API server sees objects, not where they come from. What would fetch more objects is denied in the test's namespace by `known-kinds-only`.",
  },
};

/** The API server makes what the inputs say, not what the resource calls itself. */
function reportDisagreement(review: Review, apiVersion: string, kind: string): void {
  const { resource, prefix } = review.subject;
  const token = resource ? typeToken(resource.type) : undefined;
  if (!token || prefix.length > 0) return;
  const ofObject = review.object.get("kind");
  if (!ofObject.absent && withoutPatch(kind) !== token.kind)
    review.report(ofObject, `is not what the resource says: ${token.kind}`);
  const version = review.object.get("apiVersion");
  if (!version.absent && apiVersion !== token.apiVersion)
    review.report(version, `is not what the resource says: ${token.apiVersion}`);
  if (listed(token.kind) !== undefined && review.object.get("items").absent)
    review.reportWithoutValue(review.object.get("items"), "is missing from a list");
}
