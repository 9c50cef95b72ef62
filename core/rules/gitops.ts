import type { At } from "./at.ts";
import type { Look } from "./look.ts";

/** Documents of a GitOps tree that are not the objects themselves, but say what becomes of them. */

export const isFluxKustomization = ({ subject }: Look): boolean =>
  subject.kind === "Kustomization" && subject.apiVersion.startsWith("kustomize.toolkit.fluxcd.io/");

/** kustomize takes a file without kind or version as well; whoever reads files fills them in. */
export const isKustomization = ({ subject }: Look): boolean =>
  subject.kind === "Kustomization" && subject.apiVersion.startsWith("kustomize.config.k8s.io/");

/** Where a Flux Kustomization puts its objects: it lies itself where Flux does. */
export const fluxTarget = (look: Look): At | undefined =>
  isFluxKustomization(look) ? look.object.dig("spec", "targetNamespace") : undefined;

/** The namespace that kustomize writes over that of every object. */
export const kustomizeNamespace = (look: Look): At | undefined =>
  isKustomization(look) ? look.object.get("namespace") : undefined;

/** Fields of a Flux Kustomization that leave its objects as they lie in the repository. */
const FLUX_FIELDS: ReadonlySet<string> = new Set([
  "commonMetadata",
  "deletionPolicy",
  "dependsOn",
  "force",
  "healthCheckExprs",
  "healthChecks",
  "interval",
  "path",
  "prune",
  "retryInterval",
  "serviceAccountName",
  "sourceRef",
  "suspend",
  "targetNamespace",
  "timeout",
  "wait",
]);

/** Fields of a kustomization.yaml that leave its objects as they are written. */
const KUSTOMIZE_FIELDS: ReadonlySet<string> = new Set([
  "apiVersion",
  "buildMetadata",
  "commonAnnotations",
  "commonLabels",
  "kind",
  "labels",
  "metadata",
  "namespace",
  "resources",
  "sortOptions",
]);

/** Fields that change objects after they were judged, and sources that are not here to be judged. */
export function rewrites(look: Look): { readonly at: At; readonly words: string }[] {
  const flux = isFluxKustomization(look);
  if (!flux && !isKustomization(look)) return [];
  const at = flux ? look.object.get("spec") : look.object;
  const known = flux ? FLUX_FIELDS : KUSTOMIZE_FIELDS;
  const changing = at
    .entries()
    .filter((field) => !field.empty && !known.has(String(field.key)))
    .map((field) => ({ at: field, words: "changes or adds objects after they were checked" }));
  const remote = (flux ? [] : at.get("resources").items())
    .filter(({ text }) => text === undefined || isRemote(text))
    .map((resource) => ({ at: resource, words: "is fetched from elsewhere" }));
  return [...changing, ...remote];
}

/** What kustomize takes for a URL or a repository, rather than a file beside it. */
const isRemote = (path: string): boolean =>
  path.includes("://") || path.includes("?") || path.includes("//") || /^([\w.-]+@)?[\w-]+(\.[\w-]+)+[:/]/.test(path);
