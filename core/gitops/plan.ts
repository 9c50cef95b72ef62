/**
 * What an export changes in a checkout, as a list of files in the order in which they are safe to write: at each moment, and
 * so after a kill at any of them, every kustomization builds.
 */

import type { FluxSettings } from "../settings/flux.ts";
import { type EntryState, entryState, ParentError, withEntry } from "./entry.ts";
import { freshParent, isOurs, isUntouched, type KustomizationList, listIn, parentIn } from "./lists.ts";
import { places } from "./places.ts";
import { planReference } from "./reference.ts";
import { stateOf } from "./seal.ts";
import type { Change, Tree } from "./tree.ts";

export interface GitopsPlan {
  /** In the order to be done. */
  readonly changes: readonly Change[];
  /** Files of ours that a person edited; without `force` none of the changes is to be done. */
  readonly edited: readonly Change[];
  /** Whether the entry's line is active afterwards. */
  readonly enabled: boolean;
  /** What a person should know. */
  readonly notes: readonly string[];
}

export type Action =
  /** Writes the files; the line stays as it is where `enabled` is not said, and a new one is commented out. */
  | { readonly do: "export"; readonly enabled?: boolean | undefined }
  /** Only comments the line out: it must work on files in any state. */
  | { readonly do: "disable" }
  | { readonly do: "remove" };

/** @throws ParentError naming the file that has to be edited by hand */
export function plan(
  rendered: ReadonlyMap<string, string>,
  flux: FluxSettings,
  tree: Tree,
  action: Action,
  force = flux.force,
): GitopsPlan {
  const where = places(flux);
  if (action.do === "remove") return removal(rendered, flux, tree, force);
  if (action.do === "disable") {
    const list = listIn(tree, where.group);
    return { changes: list ? lineChange(list, flux.entry, "off") : [], edited: [], enabled: false, notes: [] };
  }
  const group = parentIn(tree, where.group, flux.entry);
  const own = ownFiles(rendered, where.entry, tree, force);
  const wanted = wantedState(group, flux.entry, action.enabled);
  const reference = planReference(tree, where, flux, group);
  return {
    changes: [...own.changes, ...lineChange(group, flux.entry, wanted), ...reference.changes],
    edited: own.edited,
    enabled: wanted === "on",
    notes: [...own.notes, ...reference.notes],
  };
}

function wantedState(group: KustomizationList, entry: string, enabled: boolean | undefined): EntryState {
  if (enabled !== undefined) return enabled ? "on" : "off";
  return group.text !== undefined && named(group.path, () => entryState(group.text ?? "", entry)) === "on"
    ? "on"
    : "off";
}

function lineChange({ path, text }: KustomizationList, entry: string, wanted: EntryState): Change[] {
  const after = named(path, () => withEntry(text ?? freshParent("group"), entry, wanted));
  return after === text ? [] : [{ path, before: text, after }];
}

/** What has to change in a directory that is ours alone, for it to hold the rendered files. */
export function ownFiles(
  rendered: ReadonlyMap<string, string>,
  directory: string,
  tree: Tree,
  force: boolean,
): Omit<GitopsPlan, "enabled"> {
  const changes: Change[] = [];
  const edited: Change[] = [];
  const notes: string[] = [];
  // What a kustomization.yaml lists must be there before it.
  const paths = [...rendered.keys()].sort((a, b) => Number(isList(a)) - Number(isList(b)));
  for (const path of paths) {
    const change = { path, before: tree.read(path), after: rendered.get(path) };
    const state = stateOf(change.before, change.after);
    if (state === "edited") edited.push(change);
    if (state !== "current" && (state !== "edited" || force)) changes.push(change);
  }
  for (const path of tree.files(directory).filter((path) => !rendered.has(path))) {
    const before = tree.read(path);
    // An earlier export, of another layout.
    if (stateOf(before, undefined) === "older") changes.push({ path, before, after: undefined });
    else notes.push(`${path} was not written by this command, and stays`);
  }
  return { changes, edited, notes };
}

const isList = (path: string): boolean => path.endsWith("/kustomization.yaml");

/** Everything the export wrote, in the reverse order: first nothing refers to it any more. */
function removal(rendered: ReadonlyMap<string, string>, flux: FluxSettings, tree: Tree, force: boolean): GitopsPlan {
  const where = places(flux);
  const changes: Change[] = [];
  const group = listIn(tree, where.group);
  if (group) {
    const rest = named(group.path, () => withEntry(group.text, flux.entry, "absent"));
    const ours = isUntouched(rest, "group");
    const cluster = listIn(tree, where.cluster);
    // A list of ours to which others were added is theirs now, and has to stay reachable.
    if (cluster && (ours || !isOurs(rest, "group"))) {
      const after = named(cluster.path, () => withEntry(cluster.text, flux.group, "absent", { signed: true }));
      const gone = isUntouched(after, "cluster");
      if (after !== cluster.text)
        changes.push({ path: cluster.path, before: cluster.text, after: gone ? undefined : after });
    }
    if (rest !== group.text || ours)
      changes.push({ path: group.path, before: group.text, after: ours ? undefined : rest });
  }
  const own = withoutOwnFiles(rendered, where.entry, tree, force);
  return {
    changes: [...changes, ...own.changes],
    edited: own.edited,
    enabled: false,
    notes: own.notes,
  };
}

/** What has to go from a directory that is ours alone. */
export function withoutOwnFiles(
  rendered: ReadonlyMap<string, string>,
  directory: string,
  tree: Tree,
  force: boolean,
): Omit<GitopsPlan, "enabled"> {
  const changes: Change[] = [];
  const edited: Change[] = [];
  const notes: string[] = [];
  const paths = tree.files(directory).sort((a, b) => Number(isList(b)) - Number(isList(a)));
  for (const path of paths) {
    const change = { path, before: tree.read(path), after: undefined };
    const state = stateOf(change.before, rendered.get(path));
    if (state === "edited" && rendered.has(path)) edited.push({ ...change, after: rendered.get(path) });
    if (state !== "edited" || (force && rendered.has(path))) changes.push(change);
    else if (!rendered.has(path)) notes.push(`${path} was not written by this command, and stays`);
  }
  return { changes, edited, notes };
}

/** The file's path in front of what is wrong with it. */
export function named<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof ParentError ? new ParentError(`${path}: ${error.message}`) : error;
  }
}
