/** The objects that a directory, a kustomization or a rendered chart would apply, as far as files say it. */
import { dirname, join } from "node:path";
import type { Manifest } from "../../core/layout/index.ts";
import { type Document, everyFile, isKustomizationFile, manifestFiles, type Unreadable } from "../check/files.ts";
import { build } from "../check/kustomize.ts";

export interface Read {
  readonly manifests: readonly Manifest[];
  readonly unreadable: readonly Unreadable[];
  /** Kustomizations that were read as plain files, since there is no kustomize to build them: their patches are missing. */
  readonly unbuilt: readonly string[];
}

/**
 * @param kustomize the program that builds kustomizations
 * @throws UserError where a path does not exist, or there is nothing to read
 */
export function readManifests(paths: readonly string[], kustomize: string): Read {
  const found = manifestFiles(paths);
  const { unreadable } = found;
  const documents = new Map<string, readonly Document[]>();
  /** Kustomization -> the files that it names. */
  const named = new Map<string, readonly string[]>();
  /** Components, and what any kustomization patches with: parts of what is applied, and no objects of their own. */
  const parts = new Set<string>();
  for (const { file, documents: read, resources } of everyFile(found)) {
    documents.set(file, read);
    if (!isKustomizationFile(file)) continue;
    const isComponent = read.some(({ object }) => (object as { kind?: unknown }).kind === "Component");
    for (const patch of patchesOf(file, read)) parts.add(patch);
    if (isComponent) parts.add(file);
    else named.set(file, resources);
  }
  const within = new Set([...named.values()].flat());
  const unbuilt: string[] = [];
  const built = [...named.keys()].flatMap((file): readonly Document[] => {
    if (within.has(file)) return [];
    const results = build([file], kustomize);
    if (results.length === 0) unbuilt.push(dirname(file));
    const done = results.flatMap((one) => {
      if (Array.isArray(one)) return one;
      unreadable.push(one);
      return [];
    });
    // What it names is in what it builds, changed by its patches.
    if (done.length > 0) for (const one of [file, ...closure(file, named)]) documents.delete(one);
    return done;
  });
  // A component that nothing here names may be asked about alone.
  if (named.size > 0) for (const one of parts) documents.delete(one);
  return { manifests: [...documents.values(), built].flat(), unreadable, unbuilt };
}

/** The files that a kustomization patches with. */
const patchesOf = (file: string, documents: readonly Document[]): string[] =>
  documents.flatMap(({ object }) => {
    const { patches = [] } = object as { readonly patches?: readonly { readonly path?: string }[] };
    return patches.flatMap(({ path }) => (path === undefined ? [] : [join(dirname(file), path)]));
  });

function closure(file: string, named: ReadonlyMap<string, readonly string[]>): string[] {
  const seen = new Set<string>();
  const add = (one: string) => {
    for (const inner of named.get(one) ?? []) {
      if (seen.has(inner)) continue;
      seen.add(inner);
      add(inner);
    }
  };
  add(file);
  return [...seen];
}
