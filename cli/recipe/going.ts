/** What a recipe takes away, and what must not go with it. */
import { UserError } from "../../base/problem.ts";
import type { RecipePlan } from "../../core/recipe/plan.ts";

/** @throws UserError where others' lists lead to what goes: with them whole trees would no longer build */
export function requireUnnamed({ broken }: Pick<RecipePlan, "broken">): void {
  if (broken.length === 0) return;
  const lines = broken.map(({ file, line, entry }) => `${file}:${line} names ${entry}`);
  throw new UserError(`what goes is still named, and its kustomization would not build: ${lines.join(", ")}`, {
    remedy: `take ${lines.length === 1 ? "that line" : "those lines"} out first, then run this again; or use --force. Nothing was written.`,
  });
}

/** The directories of the files that went: those that are empty now go as well. */
export const emptied = (directory: string, { changes }: Pick<RecipePlan, "changes">): string[] => [
  directory,
  `${directory}/readers`,
  ...changes.map(({ path }) => path.slice(0, path.lastIndexOf("/"))).filter((path) => path.startsWith(`${directory}/`)),
];
