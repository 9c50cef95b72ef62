/** The recipe that a command line asks for, with the nodes and the grade that a verdict allows. */
import { UserError } from "../../base/problem.ts";
import { asTyped, saidFaults, takenFrom } from "../../core/recipe/given.ts";
import { parseRecipe, type Recipe } from "../../core/recipe/settings.ts";
import { otherDaemons, testing } from "../../core/recipe/verdict.ts";
import { SettingsError, type SettingsFault } from "../../core/settings/settings.ts";
import { givenSettings, type SettingsOptions, saidSettings } from "../options.ts";
import { nodesFor, testedIn } from "./nodes.ts";

export interface RecipeOptions extends SettingsOptions {
  readonly out: string;
  readonly directory?: string;
  readonly verdict?: string;
  readonly untested?: boolean;
  readonly failover?: string[];
  readonly reader?: string[];
  readonly name?: string;
  readonly namespace?: string;
  readonly createNamespace?: boolean;
  readonly path?: string;
  readonly mount?: string;
  readonly source?: string;
  readonly flag?: string[];
  readonly secret?: string;
  readonly claim?: string;
  readonly port?: string[];
  readonly mountSeconds?: string;
  readonly stopSeconds?: string;
  readonly disruptionBudget?: boolean;
  readonly remove?: boolean;
  readonly check?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/**
 * @returns the recipe, and lines about nodes that were tested in another way or not at all
 * @throws SettingsError naming every fault, UserError where there is no verdict
 */
export function askedRecipe(options: RecipeOptions): { readonly recipe: Recipe; readonly untested: readonly string[] } {
  const given = givenSettings(options);
  const { failover = [] } = options;
  const said = saidSettings(options);
  requireNone(saidFaults(said));
  const tested = options.verdict === undefined ? {} : testedIn(options.verdict);
  const own = (said.nodes as string[] | undefined) ?? [];
  const { nodes, grade, faults, untested } = nodesFor(options, tested, own, given.nodes);
  requireNone(faults);
  const recipe = parse({
    ...pick(options, [
      "name",
      "namespace",
      "createNamespace",
      "path",
      "mount",
      "source",
      "secret",
      "claim",
      "disruptionBudget",
    ]),
    ...takenFrom(given),
    nodes,
    grade,
    failover: failover.length > 0,
    ...(options.flag ? { flags: options.flag } : {}),
    ...(options.port ? { ports: options.port.map(Number) } : {}),
    ...(options.mountSeconds ? { mountSeconds: Number(options.mountSeconds) } : {}),
    ...(options.stopSeconds ? { stopSeconds: Number(options.stopSeconds) } : {}),
    ...(options.reader ? { readers: options.reader.map(readerNamed) } : {}),
  });
  return {
    recipe,
    untested: options.remove
      ? []
      : [
          ...otherDaemons(tested, recipe),
          ...(untested.length === 0
            ? []
            : [`${untested.join(", ")}: never tested, so this is for grade B at best; test with: ${testing(nodes)}`]),
        ],
  };
}

/** @throws SettingsError */
export function requireNone(faults: readonly SettingsFault[]): void {
  if (faults.length > 0) throw new SettingsError(faults);
}

function parse(input: object): Recipe {
  try {
    return parseRecipe(input);
  } catch (error) {
    throw error instanceof SettingsError ? new SettingsError(asTyped(error.faults)) : error;
  }
}

/** `StatefulSet/plex:plex,tools`: kind and containers may be left out. @throws UserError where it names nothing */
export function readerNamed(text: string): object {
  const [, kind = "Deployment", name = "", containers = name] = /^(?:([^/:]+)\/)?([^/:]+)(?::(.+))?$/.exec(text) ?? [];
  if (name === "")
    throw new UserError(`--reader ${text} names no workload`, {
      remedy: "write [KIND/]NAME[:CONTAINER], such as sonarr or StatefulSet/plex:plex",
    });
  return { kind, name, containers: containers.split(",") };
}

/** @throws UserError where it may not be below the checkout */
export function recipeDirectory(
  { directory: said }: Pick<RecipeOptions, "directory">,
  { name }: Pick<Recipe, "name">,
): string {
  const directory = said ?? name;
  if (directory.split("/").every((part) => /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(part))) return directory;
  throw new UserError(`--directory ${directory} is refused`, {
    remedy: "give a path below the checkout, without a slash at either end and without . and ..",
  });
}

const pick = <Key extends keyof RecipeOptions>(options: RecipeOptions, keys: readonly Key[]): object =>
  Object.fromEntries(keys.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]])));
