/** What an export did, or would do, as lines for people and as one JSON document. */
import { createTwoFilesPatch } from "diff";
import { MARKS } from "../../base/marks.ts";
import { say } from "../../base/output.ts";
import { printableLines } from "../../base/printable.ts";
import { places } from "../../core/gitops/places.ts";
import type { Action, GitopsPlan } from "../../core/gitops/plan.ts";
import type { Change } from "../../core/gitops/tree.ts";
import type { Recipe } from "../../core/recipe/settings.ts";
import type { FluxSettings } from "../../core/settings/flux.ts";
import { EXIT } from "../run.ts";

/** Lines of context around a difference, as `git diff` has it. */
const CONTEXT = 3;

/** Prints the difference on stdout. Exit code 0 where there is none. */
export function reportDrift({ changes, edited, enabled, notes }: GitopsPlan, json: boolean): number {
  const different = [...edited, ...changes.filter(({ path }) => !edited.some((file) => file.path === path))];
  if (json)
    print(JSON.stringify({ enabled, notes, changes: different.map(summary), edited: edited.map(({ path }) => path) }));
  else for (const change of different) process.stdout.write(patch(change));
  for (const { path } of edited) say(`${MARKS.failure} ${path} was edited by hand`);
  for (const note of notes) say(`${MARKS.inconclusive} ${note}`);
  say(
    different.length === 0
      ? `${MARKS.success} the checkout is as it would be written`
      : `${MARKS.failure} ${different.length === 1 ? "1 file differs" : `${different.length} files differ`}`,
  );
  return different.length === 0 ? EXIT.success : EXIT.failure;
}

export function report(
  { changes, edited, enabled, notes }: GitopsPlan,
  flux: FluxSettings,
  action: Action,
  refused: boolean,
  json: boolean,
): void {
  const done = refused ? [] : changes;
  if (json)
    print(JSON.stringify({ enabled, notes, changes: done.map(summary), edited: edited.map(({ path }) => path) }));
  if (refused) {
    sayEdited(edited);
    return;
  }
  for (const change of done) say(`${MARKS.success} ${summary(change).change} ${change.path}`);
  for (const note of notes) say(`${MARKS.inconclusive} ${note}`);
  if (done.length === 0) say(`${MARKS.success} nothing to change`);
  const line = `the line \`- ${flux.entry}\` of ${places(flux).group}`;
  if (action.do !== "remove")
    say(enabled ? `${MARKS.note} enabled: ${line} is active` : `${MARKS.note} disabled: ${line} is not active`);
  if (done.length > 0) say("  review it with `git diff`, then commit and push: Flux does the rest");
}

/** What a recipe did. @param recipe undefined where it was taken out */
export function reportRecipe(
  { changes, edited, notes }: Pick<GitopsPlan, "changes" | "edited" | "notes">,
  refused: boolean,
  json: boolean,
  recipe?: Pick<Recipe, "nodes" | "grade">,
): void {
  const done = refused ? [] : changes;
  if (json)
    print(
      JSON.stringify({
        ...(recipe ? { nodes: recipe.nodes, grade: recipe.grade } : {}),
        ...{ notes, changes: done.map(summary), edited: edited.map(({ path }) => path) },
      }),
    );
  if (refused) {
    sayEdited(edited);
    return;
  }
  for (const change of done) say(`${MARKS.success} ${summary(change).change} ${change.path}`);
  if (recipe)
    say(
      `${MARKS.note} for ${recipe.nodes.length === 1 ? "node" : "nodes"} ${recipe.nodes.join(", ")}, grade ${recipe.grade}`,
    );
  for (const note of notes) say(`${MARKS.inconclusive} ${note}`);
  say(done.length === 0 ? `${MARKS.success} nothing to change` : "  review it with `git diff`, then commit and push");
}

function sayEdited(edited: readonly Change[]): void {
  for (const change of edited) process.stderr.write(patch(change));
  for (const { path } of edited) say(`${MARKS.failure} ${path} was edited by hand`);
  say("  remedy: put what you changed into the settings; or use --force, which overwrites it. Nothing was written.");
}

/** A unified diff from what is there to what would be written. */
function patch({ path, before, after }: Change): string {
  const names = [
    before === undefined ? "/dev/null" : `a/${path}`,
    after === undefined ? "/dev/null" : `b/${path}`,
  ] as const;
  const text = createTwoFilesPatch(...names, before ?? "", after ?? "", "", "", { context: CONTEXT });
  return printableLines(text.replace(/^=+\n/, ""));
}

function summary({ path, before, after }: Change): { path: string; change: "created" | "updated" | "removed" } {
  return { path, change: before === undefined ? "created" : after === undefined ? "removed" : "updated" };
}

const print = (line: string) => process.stdout.write(`${line}\n`);
