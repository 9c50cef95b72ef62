/** The files and documents that `check` judges: those that are named, and what kustomize would take with them. */
import { type Dirent, readdirSync, readFileSync, realpathSync, type Stats, statSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { UserError } from "../../base/problem.ts";
import { isRemote } from "../../core/rules/index.ts";
import { unambiguousText } from "./text.ts";
import { readYaml } from "./yaml.ts";

export interface Document {
  readonly file: string;
  /** Counted from 1 within its file. */
  readonly document: number;
  readonly object: unknown;
}

/** A file or a directory that could not be read to its end. */
export interface Unreadable {
  readonly file: string;
  readonly words: string;
}

/** What kubectl and Flux take from a directory; they take `.hidden.yaml` and `node_modules` too. */
const MANIFEST = /\.(ya?ml|json)$/i;
const KUSTOMIZATIONS = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
export const isKustomizationFile = (file: string): boolean => KUSTOMIZATIONS.includes(basename(file));

export interface Found {
  readonly files: string[];
  /** Those of them that are known to be regular files. */
  readonly regular: Set<string>;
  readonly unreadable: Unreadable[];
}

/**
 * The files that are meant: those named, and every manifest in the directories named; `-` is standard input.
 *
 * @throws UserError where a path does not exist, or there is nothing to check.
 */
export function manifestFiles(paths: readonly string[]): Found {
  const found: Found = { files: [], regular: new Set(), unreadable: [] };
  for (const path of paths) {
    if (path === "-") found.files.push(path);
    else if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) below(path, found, new Set());
    else if (statSync(path, { throwIfNoEntry: false })) found.files.push(path);
    else throw new UserError(`there is no ${path}`, { remedy: "name a file, a directory, or - for standard input" });
  }
  if (found.files.length + found.unreadable.length === 0)
    throw new UserError(`there is no YAML in ${paths.join(", ")}`, { remedy: "name the directory with the manifests" });
  return found;
}

/** Symlinks are followed, as what they lead to would be applied; a directory is read once. */
function below(folder: string, found: Found, seen: Set<string>): void {
  try {
    const real = realpathSync(folder);
    if (seen.has(real)) return;
    seen.add(real);
    const entries = readdirSync(folder, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (entry.name === ".git") continue;
      if (directoryAt(path, entry)) below(path, found, seen);
      else if (MANIFEST.test(entry.name) || isKustomizationFile(entry.name)) {
        found.files.push(path);
        if (entry.isFile()) found.regular.add(path);
      }
    }
  } catch (error) {
    found.unreadable.push({ file: folder, words: reason(error) });
  }
}

/** A link that leads nowhere is none; whether it was meant to be read is said by its name. */
function directoryAt(path: string, entry: Dirent): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** A file that could be read. */
interface ReadFile {
  readonly file: string;
  readonly documents: readonly Document[];
  /** The files that it names, where it is a kustomization. */
  readonly resources: readonly string[];
}

/** Each file that is meant, and each that a kustomization among them names, once; what cannot be read is put with what was found. */
export function* everyFile({ files, regular, unreadable }: Found): Generator<ReadFile> {
  const queue = new Set(files);
  for (const file of queue) {
    const documents = documentsOf(file, regular.has(file));
    if (!Array.isArray(documents)) {
      unreadable.push(documents);
      continue;
    }
    const resources: string[] = [];
    for (const resource of documents.flatMap(resourcesOf))
      if (typeof resource === "string") resources.push(resource);
      else unreadable.push(resource);
    yield { file, documents, resources };
    for (const resource of resources) queue.add(resource);
  }
}

/** Every document of a file that says what it is; maps without kind and version are nobody's object. */
function documentsOf(file: string, regular = false): Document[] | Unreadable {
  try {
    return documentsIn(file, read(file, regular));
  } catch (error) {
    return { file, words: reason(error) };
  }
}

/** @throws Error where a tool could read something else in it. */
export function documentsIn(file: string, bytes: Buffer): Document[] {
  const text = unambiguousText(bytes);
  const objects = extname(file) === ".json" ? [json(text)] : readYaml(text);
  return objects
    .map((object, index) => ({ file, document: index + 1, object: asKustomization(file, object) }))
    .filter(({ object, document }) => {
      // Manifests are maps: where something else is read, it may be that others read it as a map.
      if (typeof object !== "object" && object !== undefined)
        throw new Error(
          `document ${document} is ${typeof object === "string" ? "a mere text" : "one value"}, not a map`,
        );
      // kubectl takes every map with the key for a list, and one without a list in it for an empty one.
      const { items = [] } = (object ?? {}) as { readonly items?: unknown };
      if (!Array.isArray(items))
        throw new Error(`document ${document} has \`items\`, which is no list: remove it, or give a list`);
      return isObject(object);
    });
}

function read(file: string, regular: boolean): Buffer {
  if (file === "-") return readFileSync(0);
  // Whoever opens a pipe for reading waits until someone writes.
  if (!regular && !statSync(file).isFile())
    throw new Error("it is not a regular file: name one, or - for standard input");
  return readFileSync(file);
}

/** How deep values may lie, as in YAML. */
const DEEPEST = 100;

function json(text: string): unknown {
  const value: unknown = JSON.parse(text);
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) throw new Error(`it nests values deeper than ${DEEPEST}`);
    const inner: unknown[] = [];
    for (const one of level)
      if (typeof one === "object" && one !== null)
        for (const child of Object.values(one)) if (typeof child === "object" && child !== null) inner.push(child);
    level = inner;
  }
  return value;
}

/** kustomize needs neither kind nor version in a file of this name, and reads anything in it as a kustomization. */
function asKustomization(file: string, object: unknown): unknown {
  if (!isKustomizationFile(file) || typeof object !== "object" || object === null) return object;
  const { apiVersion, kind, ...fields } = object as Readonly<Record<string, unknown>>;
  return { apiVersion: apiVersion || "kustomize.config.k8s.io/v1beta1", kind: kind || "Kustomization", ...fields };
}

const isObject = (object: unknown): boolean =>
  typeof object === "object" && object !== null && ("kind" in object || "apiVersion" in object || "items" in object);

/**
 * The files that a kustomization builds its objects from, under any name and in any place: the rules judge them as
 * well. What is fetched from elsewhere is refused by a rule.
 */
function resourcesOf({ file, object }: Document): (string | Unreadable)[] {
  const { resources } = object as { readonly resources?: unknown };
  if (file === "-" || !isKustomizationFile(file) || !Array.isArray(resources)) return [];
  const folder = realpathSync(dirname(file));
  return resources
    .filter((entry): entry is string => typeof entry === "string" && !isRemote(entry))
    .flatMap((entry) => resourceAt(file, folder, entry));
}

function resourceAt(file: string, folder: string, entry: string): (string | Unreadable)[] {
  const path = resolve(folder, entry);
  try {
    const target: Stats = statSync(path);
    const shown = (found: string) => join(dirname(file), relative(folder, found));
    if (!target.isDirectory()) return [shown(path)];
    const built = readdirSync(path).filter((name) => KUSTOMIZATIONS.includes(name));
    if (built.length === 0) return [{ file, words: `resources names ${entry}, where there is no kustomization.yaml` }];
    return built.map((name) => shown(join(path, name)));
  } catch (error) {
    return [{ file, words: `resources names ${entry}: ${reason(error)}` }];
  }
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
