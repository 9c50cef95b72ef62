/** What a recipe changes in a checkout: its own directory, and one line of the list above it. */
import { parse } from "yaml";
import { ParentError, withEntry } from "../gitops/entry.ts";
import { listIn } from "../gitops/lists.ts";
import { type GitopsPlan, named, ownFiles, withoutOwnFiles } from "../gitops/plan.ts";
import { stateOf } from "../gitops/seal.ts";
import type { Change, Tree } from "../gitops/tree.ts";
import type { SettingsFault } from "../settings/settings.ts";
import { MOUNT_ANNOTATION } from "./daemon.ts";
import { readerDirectory, recipeFiles } from "./files.ts";
import { pointOf, type Recipe, type RecipeReader } from "./settings.ts";
import { afterwards, brokenBy, isInCheckout, type Lead, leadsIn, listersOf, wayFrom } from "./surroundings.ts";

export interface RecipePlan extends Omit<GitopsPlan, "enabled"> {
  /** Lists of others that lead to what goes; without `force` none of the changes is to be done. */
  readonly broken: readonly Lead[];
}

/**
 * @param directory of the recipe, below the checkout
 * @throws ParentError naming the file that has to be edited by hand
 */
export function planRecipe(
  recipe: Recipe,
  directory: string,
  tree: Tree,
  { remove = false, force = false }: { readonly remove?: boolean; readonly force?: boolean } = {},
): RecipePlan {
  const rendered = recipeFiles(recipe, directory);
  const list = lineIn(tree, directory, remove ? "absent" : "on");
  const own = (remove ? withoutOwnFiles : ownFiles)(rendered, directory, tree, force);
  const changes = remove ? [...list.changes, ...own.changes] : [...own.changes, ...list.changes];
  const after = afterwards(tree, changes);
  const leads = leadsIn(after);
  const broken = brokenBy(changes, leads);
  return {
    changes,
    edited: own.edited,
    broken,
    notes: [
      ...own.notes,
      ...broken.map(({ file, line, entry }) => `${file}:${line} names ${entry}, which goes: it does not build then`),
      ...namespaceNotes(recipe, directory, changes, after, remove),
      ...(remove ? [] : [...list.notes, ...recipe.readers.flatMap((one) => readerNote(one, directory, leads, after))]),
    ],
  };
}

function namespaceNotes(
  { namespace, createNamespace }: Recipe,
  directory: string,
  changes: readonly Change[],
  after: Tree,
  remove: boolean,
): string[] {
  const path = `${directory}/namespace.yaml`;
  const own = changes.find((one) => one.path === path && (one.before === undefined || one.after === undefined));
  const loss = "goes with everything that is in it then, claims and what they hold included";
  if (own)
    return [
      `${path} is ${own.after === undefined ? "taken away: its namespace" : `written: take it away, and the namespace`} ${loss}`,
    ];
  if (remove || createNamespace || isInCheckout(after, "Namespace", namespace)) return [];
  return [
    `namespace ${namespace} must be there, with the label pod-security.kubernetes.io/enforce: privileged where Pod Security is enforced; or give --create-namespace`,
  ];
}

function lineIn(tree: Tree, directory: string, wanted: "on" | "absent"): Pick<RecipePlan, "changes" | "notes"> {
  const at = directory.lastIndexOf("/");
  const [above, entry] = [directory.slice(0, Math.max(at, 0)), directory.slice(at + 1)];
  const list = at < 0 ? undefined : listIn(tree, above);
  if (!list)
    return {
      changes: [],
      notes: [
        `${above || "the checkout"} has no kustomization.yaml: what applies the daemon's namespace has to list ${directory}`,
      ],
    };
  const after = named(list.path, () => withEntry(list.text, entry, wanted, { signed: true }));
  const change: Change = { path: list.path, before: list.text, after };
  return { changes: after === list.text ? [] : [change], notes: [] };
}

/** The line that a reader's own kustomization still needs. */
function readerNote(reader: RecipeReader, directory: string, leads: readonly Lead[], tree: Tree): string[] {
  const component = `${directory}/${readerDirectory(reader)}`;
  if (leads.some(({ list, to }) => list === "components" && to === component)) return [];
  const { kind, name } = reader;
  const files = listersOf(kind, name, leads, tree);
  if (files.length === 0)
    return [`the kustomization of ${kind} ${name} needs the component: \`components: [<path to ${component}>]\``];
  return files.map((file) => {
    const way = wayFrom(file, component);
    const line = leads.some((one) => one.file === file && one.list === "components")
      ? `\`- ${way}\` below \`components:\``
      : `the line \`components: [${way}]\``;
    return `${file}, which has ${kind} ${name}, needs ${line}`;
  });
}

/** What another recipe of the checkout already has: a mount point, or a name. */
export function clashes(recipe: Recipe, directory: string, tree: Tree): SettingsFault[] {
  const point = pointOf(recipe);
  return tree
    .files("")
    .filter((path) => path.endsWith("/daemon.yaml") && path !== `${directory}/daemon.yaml`)
    .flatMap((path) => {
      const text = tree.read(path) ?? "";
      // Whatever is not ours may be anything.
      if (stateOf(text, undefined) !== "older") return [];
      const { metadata = {} } = (parse(text) ?? {}) as {
        metadata?: { name?: string; namespace?: string; annotations?: Record<string, string> };
      };
      const there = metadata.annotations?.[MOUNT_ANNOTATION];
      if (there !== undefined && (overlap(there, point) || within(recipe.path, there)))
        return [
          {
            key: "mount",
            value: JSON.stringify(point),
            remedy: `${path} mounts at ${there}: choose another name with --mount, or another directory with --path`,
          },
        ];
      return metadata.name === recipe.name && metadata.namespace === recipe.namespace
        ? [{ key: "name", value: JSON.stringify(recipe.name), remedy: `${path} has it: choose another with --name` }]
        : [];
    });
}

const within = (path: string, directory: string): boolean => path === directory || path.startsWith(`${directory}/`);
const overlap = (one: string, other: string): boolean => within(one, other) || within(other, one);

export { ParentError };
