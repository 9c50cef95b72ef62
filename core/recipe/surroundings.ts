/** What others of a checkout have to do with a recipe: lists that lead into its directory, its readers' workloads, its namespace. */
import { isScalar, isSeq, LineCounter, parseAllDocuments, parseDocument } from "yaml";
import type { Change, Tree } from "../gitops/tree.ts";

/** One entry of a kustomization that leads to another place of the checkout. */
export interface Lead {
  readonly file: string;
  readonly line: number;
  readonly list: string;
  /** As it is written there. */
  readonly entry: string;
  readonly to: string;
}

const LISTS = ["resources", "components", "bases"];
const KUSTOMIZATION = /(^|\/)(kustomization\.ya?ml|Kustomization)$/;

/** The checkout as it is once the changes are done. */
export function afterwards(tree: Tree, changes: readonly Change[]): Tree {
  const changed = new Map(changes.map(({ path, after }) => [path, after]));
  return {
    read: (path) => (changed.has(path) ? changed.get(path) : tree.read(path)),
    files: (directory) => tree.files(directory).filter((path) => !changed.has(path) || changed.get(path) !== undefined),
  };
}

export const leadsIn = (tree: Tree): Lead[] =>
  tree.files("").flatMap((file) => (KUSTOMIZATION.test(file) ? leadsOf(file, textOf(tree, file)) : []));

function leadsOf(file: string, text: string): Lead[] {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, logLevel: "silent" });
  return LISTS.flatMap((list) => {
    const items = document.errors.length === 0 && document.has(list) ? document.get(list, true) : undefined;
    return !isSeq(items)
      ? []
      : items.items.flatMap((item) => {
          const entry = isScalar(item) && typeof item.value === "string" ? item.value : undefined;
          const to = entry === undefined ? undefined : resolved(above(file), entry);
          if (!isScalar(item) || entry === undefined || to === undefined) return [];
          return [{ file, line: counter.linePos(item.range?.[0] ?? 0).line, list, entry, to }];
        });
  });
}

/** Those that lead to files that go: what they are in does not build then. */
export function brokenBy(changes: readonly Change[], leads: readonly Lead[]): Lead[] {
  const gone = new Set(changes.flatMap(({ path, after }) => (after === undefined ? [path] : [])));
  return leads.filter(({ to }) => gone.has(to) || gone.has(`${to}/kustomization.yaml`));
}

/** The kustomizations that list a file with such an object. */
export function listersOf(kind: string, name: string, leads: readonly Lead[], tree: Tree): string[] {
  const files = leads.filter(
    ({ list, to }) => list === "resources" && /\.ya?ml$/.test(to) && hasObject(tree, to, kind, name),
  );
  return [...new Set(files.map(({ file }) => file))];
}

export const isInCheckout = (tree: Tree, kind: string, name: string): boolean =>
  tree.files("").some((path) => /\.ya?ml$/.test(path) && hasObject(tree, path, kind, name));

function hasObject(tree: Tree, path: string, kind: string, name: string): boolean {
  const text = textOf(tree, path);
  // To parse all manifests of a checkout would take seconds.
  if (!text.includes(name) || !new RegExp(`^kind:[ \t]*["']?${kind}\\b`, "m").test(text)) return false;
  const documents = parseAllDocuments(text, { logLevel: "silent" });
  return [...documents].some(
    (one) => one.errors.length === 0 && one.get("kind") === kind && one.getIn(["metadata", "name"]) === name,
  );
}

/** What cannot be read, as a link that leads out of the checkout, says nothing here. */
function textOf(tree: Tree, path: string): string {
  try {
    return tree.read(path) ?? "";
  } catch {
    return "";
  }
}

const above = (path: string): string => path.slice(0, Math.max(path.lastIndexOf("/"), 0));
const partsOf = (path: string): string[] => path.split("/").filter((part) => part !== "" && part !== ".");

/** Undefined outside of the checkout. */
function resolved(directory: string, entry: string): string | undefined {
  const parts = partsOf(directory);
  for (const part of partsOf(entry)) {
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return entry.startsWith("/") ? undefined : parts.join("/");
}

/** The way from a file to a directory, as a kustomization writes it. */
export function wayFrom(file: string, directory: string): string {
  const [from, to] = [partsOf(above(file)), partsOf(directory)];
  const common = to.findIndex((part, index) => part !== from[index]);
  const shared = common < 0 ? to.length : common;
  return [...from.slice(shared).map(() => ".."), ...to.slice(shared)].join("/") || ".";
}
