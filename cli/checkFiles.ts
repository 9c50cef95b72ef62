/** The documents that `check` judges. */
import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { readYaml } from "./checkYaml.ts";
import { UserError } from "./problem.ts";

export interface Document {
  readonly file: string;
  /** Counted from 1 within its file. */
  readonly document: number;
  readonly object: unknown;
}

/** A file that could not be read to its end. */
export interface Unreadable {
  readonly file: string;
  readonly words: string;
}

const MANIFEST = /\.(ya?ml|json)$/;
const KUSTOMIZATION = /^(kustomization\.ya?ml|Kustomization)$/;

/**
 * The files that are meant: those named, and every manifest in the directories named; `-` is standard input.
 *
 * @throws UserError where a path does not exist, or there is nothing to check.
 */
export function manifestFiles(paths: readonly string[]): string[] {
  const files = paths.flatMap((path) => {
    if (path === "-") return [path];
    if (!statSync(path, { throwIfNoEntry: false }))
      throw new UserError(`there is no ${path}`, { remedy: "name a file, a directory, or - for standard input" });
    return statSync(path).isDirectory() ? below(path) : [path];
  });
  if (files.length === 0)
    throw new UserError(`there is no YAML in ${paths.join(", ")}`, { remedy: "name the directory with the manifests" });
  return files;
}

/** Symlinks are followed, as what they lead to would be applied; a directory is read once. */
function below(folder: string, seen = new Set<string>()): string[] {
  const real = realpathSync(folder);
  if (seen.has(real)) return [];
  seen.add(real);
  return readdirSync(folder)
    .sort()
    .filter((name) => !name.startsWith(".") && name !== "node_modules")
    .flatMap((name) => {
      const path = join(folder, name);
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return below(path, seen);
      return MANIFEST.test(name) || KUSTOMIZATION.test(name) ? [path] : [];
    });
}

/** Every document of a file that says what it is; texts without kind and version are nobody's object. */
export function documentsOf(file: string): Document[] | Unreadable {
  try {
    const text = readFileSync(file === "-" ? 0 : file, "utf8");
    const objects = file.endsWith(".json") ? [JSON.parse(text) as unknown] : readYaml(text);
    return objects
      .map((object, index) => ({ file, document: index + 1, object: asKustomization(file, object) }))
      .filter(({ object }) => isObject(object));
  } catch (error) {
    return { file, words: error instanceof Error ? error.message : String(error) };
  }
}

/** kustomize needs neither kind nor version in a file of this name. */
function asKustomization(file: string, object: unknown): unknown {
  if (!KUSTOMIZATION.test(basename(file)) || typeof object !== "object" || object === null) return object;
  return { apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", ...object };
}

const isObject = (object: unknown): boolean =>
  typeof object === "object" && object !== null && ("kind" in object || "apiVersion" in object || "items" in object);
