import type { Cursor } from "./cursor.ts";
import type { Review } from "./review.ts";

/** Documents of a GitOps tree that are not the objects themselves, but say what becomes of them. */

export const isFluxKustomization = ({ subject }: Review): boolean =>
  subject.kind === "Kustomization" && subject.apiVersion.startsWith("kustomize.toolkit.fluxcd.io/");

/** kustomize takes a file without kind or version as well; whoever reads files fills them in. */
export const isKustomization = ({ subject }: Review): boolean =>
  subject.kind === "Kustomization" && subject.apiVersion.startsWith("kustomize.config.k8s.io/");

/** Where a Flux Kustomization puts its objects: it lies itself where Flux does. */
export const fluxTarget = (review: Review): Cursor | undefined =>
  isFluxKustomization(review) ? review.object.dig("spec", "targetNamespace") : undefined;

/** The namespace that kustomize writes over that of every object. */
export const kustomizeNamespace = (review: Review): Cursor | undefined =>
  isKustomization(review) ? review.object.get("namespace") : undefined;

/** Fields of a Flux Kustomization that leave its objects as they lie in the repository. */
export const FLUX_FIELDS: ReadonlySet<string> = new Set([
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
export const KUSTOMIZE_FIELDS: ReadonlySet<string> = new Set([
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

/** Of one entry of `labels`: `fields` would let it write anywhere in an object. */
const LABEL_FIELDS: ReadonlySet<string> = new Set(["includeSelectors", "includeTemplates", "pairs"]);
const METADATA_FIELDS: ReadonlySet<string> = new Set(["annotations", "labels"]);

/** A field by which objects are changed, or come from elsewhere. */
interface Rewrite {
  readonly field: Cursor;
  readonly problem: string;
}

const CHANGES = "changes or adds objects after they were checked";

/** Fields that change objects after they were judged, and sources that are not here to be judged. */
export function rewrites(review: Review): Rewrite[] {
  if (isFluxKustomization(review)) return rewritesOfFlux(review);
  if (!isKustomization(review)) return [];
  const { object } = review;
  const remote = object
    .get("resources")
    .items()
    .filter(({ text }) => text === undefined || isRemote(text))
    .map((field) => ({ field, problem: "is fetched from elsewhere" }));
  const labels = object
    .get("labels")
    .items()
    .flatMap((entry) => others(entry, LABEL_FIELDS));
  return [...others(object, KUSTOMIZE_FIELDS), ...labels, ...remote];
}

function rewritesOfFlux(review: Review): Rewrite[] {
  const spec = review.object.get("spec");
  const source = spec.get("sourceRef");
  const kind = source.get("kind");
  const name = source.get("name");
  const namespace = source.get("namespace");
  const foreign = "is another source than the tree that is checked";
  const sources = review.allowed.sources ?? ["flux-system"];
  const faults = [...others(spec, FLUX_FIELDS), ...others(spec.get("commonMetadata"), METADATA_FIELDS)];
  if (!sources.includes(name.text ?? ""))
    faults.push({ field: name, problem: `${foreign} (allowed: ${sources.join(", ")})` });
  if (kind.text !== "GitRepository") faults.push({ field: kind, problem: foreign });
  if (!namespace.empty && namespace.text !== review.namespace) faults.push({ field: namespace, problem: foreign });
  return faults;
}

const others = (map: Cursor, known: ReadonlySet<string>): Rewrite[] =>
  map
    .entries()
    .filter((field) => !field.empty && !known.has(String(field.key)))
    .map((field) => ({ field, problem: CHANGES }));

/** The paths of what `writtenOver` finds. */
export const WRITTEN_OVER: readonly string[] = [
  "spec.commonMetadata.{annotations,labels}[*]",
  "{commonAnnotations,commonLabels}[*]",
  "labels[*].pairs[*]",
];

/** Annotations and labels that kustomize or Flux write over those of every object, and of every pod's template. */
export function writtenOver(review: Review): Cursor[] {
  const { object } = review;
  if (isFluxKustomization(review)) {
    const metadata = object.dig("spec", "commonMetadata");
    return [metadata.get("annotations"), metadata.get("labels")];
  }
  if (!isKustomization(review)) return [];
  const pairs = object
    .get("labels")
    .items()
    .map((entry) => entry.get("pairs"));
  return [object.get("commonAnnotations"), object.get("commonLabels"), ...pairs];
}

/**
 * What kustomize may take for a URL or a repository, rather than a file beside it: it looks for those first, in more spellings
 * than anybody can list (`git@host:org/repo`, `gh:org/repo`, `host.example/org/repo`, `org/repo.git`). So a plain path is what is
 * none of them.
 */
export const isRemote = (path: string): boolean =>
  !/^[\w./-]+$/.test(path) ||
  path.includes("//") ||
  /\.git(\/|$)|_git\//.test(path) ||
  /^[\w-]+(\.[\w-]+)+\//.test(path);
