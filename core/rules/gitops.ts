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

/** Of one entry of `labels`: `fields` would let it write anywhere in an object. */
const LABEL_FIELDS: ReadonlySet<string> = new Set(["includeSelectors", "includeTemplates", "pairs"]);
const METADATA_FIELDS: ReadonlySet<string> = new Set(["annotations", "labels"]);

const CHANGES = "changes or adds objects after they were checked";

/** Fields that change objects after they were judged, and sources that are not here to be judged. */
export function rewrites(look: Look): { readonly at: At; readonly words: string }[] {
  if (isFluxKustomization(look)) return rewritesOfFlux(look);
  if (!isKustomization(look)) return [];
  const { object } = look;
  const remote = object
    .get("resources")
    .items()
    .filter(({ text }) => text === undefined || isRemote(text))
    .map((at) => ({ at, words: "is fetched from elsewhere" }));
  const labels = object
    .get("labels")
    .items()
    .flatMap((entry) => others(entry, LABEL_FIELDS));
  return [...others(object, KUSTOMIZE_FIELDS), ...labels, ...remote];
}

function rewritesOfFlux(look: Look): { readonly at: At; readonly words: string }[] {
  const spec = look.object.get("spec");
  const source = spec.get("sourceRef");
  const kind = source.get("kind");
  const name = source.get("name");
  const namespace = source.get("namespace");
  const foreign = "is another source than the tree that is checked";
  const sources = look.allowed.sources ?? ["flux-system"];
  const faults = [...others(spec, FLUX_FIELDS), ...others(spec.get("commonMetadata"), METADATA_FIELDS)];
  if (!sources.includes(name.text ?? ""))
    faults.push({ at: name, words: `${foreign} (allowed: ${sources.join(", ")})` });
  if (kind.text !== "GitRepository") faults.push({ at: kind, words: foreign });
  if (!namespace.empty && namespace.text !== look.namespace) faults.push({ at: namespace, words: foreign });
  return faults;
}

const others = (at: At, known: ReadonlySet<string>): { readonly at: At; readonly words: string }[] =>
  at
    .entries()
    .filter((field) => !field.empty && !known.has(String(field.key)))
    .map((field) => ({ at: field, words: CHANGES }));

/** Annotations and labels that kustomize or Flux write over those of every object, and of every pod's template. */
export function writtenOver(look: Look): At[] {
  const { object } = look;
  if (isFluxKustomization(look)) {
    const metadata = object.dig("spec", "commonMetadata");
    return [metadata.get("annotations"), metadata.get("labels")];
  }
  if (!isKustomization(look)) return [];
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
