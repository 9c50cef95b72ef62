/** What a recipe changes in a checkout: its own directory, and one line of the list above it. */
import { parse } from "yaml";
import { ParentError, withEntry } from "../gitops/parent.ts";
import { listIn } from "../gitops/parents.ts";
import { named, ownFiles, type Plan, withoutOwnFiles } from "../gitops/plan.ts";
import { stateOf } from "../gitops/seal.ts";
import type { Change, Tree } from "../gitops/tree.ts";
import type { Fault } from "../settings/settings.ts";
import { MOUNT_ANNOTATION } from "./daemon.ts";
import { readerDirectory, recipeFiles } from "./files.ts";
import { pointOf, type Recipe } from "./settings.ts";

export type RecipePlan = Omit<Plan, "enabled">;

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
  if (remove) {
    const own = withoutOwnFiles(rendered, directory, tree, force);
    return { ...own, changes: [...list.changes, ...own.changes] };
  }
  const own = ownFiles(rendered, directory, tree, force);
  return {
    changes: [...own.changes, ...list.changes],
    edited: own.edited,
    notes: [...own.notes, ...list.notes, ...readerNotes(recipe, directory)],
  };
}

function lineIn(tree: Tree, directory: string, wanted: "on" | "absent"): Pick<RecipePlan, "changes" | "notes"> {
  const at = directory.lastIndexOf("/");
  const [above, entry] = [directory.slice(0, Math.max(at, 0)), directory.slice(at + 1)];
  const list = at < 0 ? undefined : listIn(tree, above);
  if (!list)
    return {
      changes: [],
      notes: [
        `${above || "the checkout"} has no kustomization.yaml: whatever applies the daemon's namespace has to list ${directory}`,
      ],
    };
  const after = named(list.path, () => withEntry(list.text, entry, wanted, { signed: true }));
  const change: Change = { path: list.path, before: list.text, after };
  return { changes: after === list.text ? [] : [change], notes: [] };
}

const readerNotes = ({ readers }: Recipe, directory: string): string[] =>
  readers.map(
    (reader) =>
      `the kustomization of ${reader.kind} ${reader.name} needs the component: \`components: [<path to ${directory}/${readerDirectory(reader)}>]\``,
  );

/** What another recipe of the checkout already has: a mount point, or a name. */
export function clashes(recipe: Recipe, directory: string, tree: Tree): Fault[] {
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
