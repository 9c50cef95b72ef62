/**
 * Writes a deployment that shares a FUSE mount into a GitOps checkout: the daemon, and for each reader a patch. It commits nothing, and
 * asks no cluster: grade and nodes come from a verdict.
 */
import { readFileSync } from "node:fs";
import { Option } from "commander";
import { UserError } from "../../base/problem.ts";
import { asTyped, saidFaults, takenFrom, takenNames } from "../../core/recipe/given.ts";
import { clashes, ParentError, planRecipe, type RecipePlan } from "../../core/recipe/plan.ts";
import { parseRecipe, type Recipe } from "../../core/recipe/settings.ts";
import { choose, otherDaemons, type TestedNode, testing } from "../../core/recipe/verdict.ts";
import { type Fault, SettingsError } from "../../core/settings/settings.ts";
import { command, optionsIn } from "../command.ts";
import { type Checkout, openCheckout } from "../export/checkout.ts";
import { reportDrift, reportRecipe } from "../export/report.ts";
import { givenSettings, type SettingsOptions, saidSettings, settingsOptions } from "../options.ts";
import { EXIT } from "../run.ts";

interface Options extends SettingsOptions {
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

/** Of the settings options: a cluster and its scenarios are nothing to it. */
const SHARED = ["stack", "node", "set"];

export const recipeCommand = () =>
  command("recipe", [
    new Option("-o, --out <checkout>", "directory of the GitOps checkout").makeOptionMandatory(),
    new Option("-d, --directory <path>", "directory of the recipe in the checkout (default: its name)"),
    new Option(
      "--verdict <file>",
      "what `npm start -- --json` printed: nodes and grade come from it; - is standard input",
    ),
    new Option("--untested", "write it for nodes of which no verdict says anything, as for grade B"),
    new Option("--failover <node...>", "more nodes: daemon and readers move between them together"),
    new Option(
      "--reader <workload...>",
      "what reads: [KIND/]NAME[:CONTAINER[,CONTAINER]]; a Deployment and a container of its name where not said",
    ),
    new Option("--name <name>", "name of the daemon's objects (default: media)"),
    new Option("--namespace <name>", "namespace of the daemon (default: media)"),
    new Option("--create-namespace", "write the namespace, too"),
    new Option(
      "--path <directory>",
      "directory above the mount point, on the node and in every pod (default: /mnt/media)",
    ),
    new Option("--mount <name>", "name of the mount point in it (default: remote)"),
    new Option(
      "--source <what>",
      "what is mounted: a remote of rclone, a directory, an archive of squashfuse (default: /data)",
    ),
    new Option("--flag <word...>", "more words for the driver; write --flag=--read-only for one that begins with -"),
    new Option("--secret <name>", "a Secret at /secret; its key rclone.conf is rclone's configuration"),
    new Option("--claim <name>", "a PersistentVolumeClaim at /data, in place of a directory that ends with the pod"),
    new Option("--port <number...>", "TCP ports of the daemon that pods of its namespace may reach"),
    new Option("--mount-seconds <seconds>", "how long the daemon may take to mount (default: 120)"),
    new Option("--stop-seconds <seconds>", "how long the daemon may take to unmount (default: 20)"),
    new Option("--disruption-budget", "let no drain evict the daemon unasked"),
    new Option("--remove", "take everything out that an earlier call wrote"),
    new Option(
      "--check",
      "write nothing; exit code 1, with a diff, unless the checkout is what would be written",
    ).conflicts("remove"),
    new Option("--force", "overwrite or remove files that were edited by hand, or that others' kustomizations name"),
    new Option("--json", "print what was changed as one JSON document"),
    ...settingsOptions().filter((option) => SHARED.includes(option.attributeName())),
  ]).addHelpText(
    "after",
    `
Of the settings it takes ${takenNames}, from the stack or --set.

  npm start -- --node my-node --json >verdict.json
  npm run recipe -- --out ~/gitops -d apps/media --verdict verdict.json --source zurg: --secret rclone --reader sonarr plex

Exit codes: 0 done, 1 files were edited by hand (nothing is written) or --check found a difference, 2 refused or a tool error`,
  );

export async function runRecipe(args: readonly string[]): Promise<number> {
  const options = optionsIn<Options>(recipeCommand(), args);
  const checkout = openCheckout(options.out);
  const { recipe, untested } = read(options);
  const directory = options.directory ?? recipe.name;
  requireBelow(directory);
  if (!options.remove) requireNone(clashes(recipe, directory, checkout));
  const planned = planFor(recipe, directory, checkout, options);
  const warned = { ...planned, notes: [...untested, ...planned.notes] };
  if (options.check) return reportDrift({ ...warned, enabled: true }, options.json ?? false);
  const refused = planned.edited.length > 0 && !options.force;
  if (!refused) {
    if (!options.force) requireUnnamed(planned);
    checkout.write(planned.changes);
    if (options.remove) checkout.prune(emptied(directory, planned));
  }
  reportRecipe(warned, refused, options.json ?? false, options.remove ? undefined : recipe);
  return refused ? EXIT.failure : EXIT.success;
}

/** @throws UserError where others' lists lead to what goes: with them whole trees would no longer build */
function requireUnnamed({ broken }: RecipePlan): void {
  if (broken.length === 0) return;
  const lines = broken.map(({ file, line, entry }) => `${file}:${line} names ${entry}`);
  throw new UserError(`what goes is still named, and its kustomization would not build: ${lines.join(", ")}`, {
    remedy: `take ${lines.length === 1 ? "that line" : "those lines"} out first, then run this again; or use --force. Nothing was written.`,
  });
}

/** The directories of the files that went: those that are empty now go as well. */
const emptied = (directory: string, { changes }: RecipePlan): string[] => [
  directory,
  `${directory}/readers`,
  ...changes.map(({ path }) => path.slice(0, path.lastIndexOf("/"))).filter((path) => path.startsWith(`${directory}/`)),
];

function planFor(recipe: Recipe, directory: string, checkout: Checkout, options: Options): RecipePlan {
  try {
    const { remove = false, force = false } = options;
    return planRecipe(recipe, directory, checkout, { remove, force });
  } catch (error) {
    if (!(error instanceof ParentError)) throw error;
    throw new UserError(error.message, { remedy: "edit that file by hand as said, then run this again" });
  }
}

/** @throws SettingsError naming every fault, UserError where there is no verdict */
function read(options: Options): { readonly recipe: Recipe; readonly untested: readonly string[] } {
  const given = givenSettings(options);
  const { failover = [] } = options;
  const said = saidSettings(options);
  requireNone(saidFaults(said));
  const tested = options.verdict === undefined ? {} : testedIn(options.verdict);
  const { nodes, grade, faults, untested } = nodesFor(
    options,
    tested,
    (said.nodes as string[] | undefined) ?? [],
    given,
  );
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
    ...(options.reader ? { readers: options.reader.map(readerOf) } : {}),
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

function requireNone(faults: readonly Fault[]): void {
  if (faults.length > 0) throw new SettingsError(faults);
}

function parse(input: object): Recipe {
  try {
    return parseRecipe(input);
  } catch (error) {
    throw error instanceof SettingsError ? new SettingsError(asTyped(error.faults)) : error;
  }
}

function nodesFor(
  options: Options,
  tested: Readonly<Record<string, TestedNode>>,
  said: readonly string[],
  given: Readonly<Record<string, unknown>>,
) {
  const more = options.failover ?? [];
  const mayBeUntested = options.untested || options.remove;
  if (options.verdict !== undefined) {
    const first = said.length === 0 && more.length > 0 ? choose(tested, []).nodes : said;
    const chosen = choose(tested, [...new Set([...first, ...more])], mayBeUntested);
    return { ...chosen, grade: chosen.grade ?? ("B" as const) };
  }
  const stack = Array.isArray(given.nodes) ? (given.nodes as string[]) : [];
  const nodes = [...new Set([...stack, ...more])];
  if (!mayBeUntested)
    throw new UserError("no verdict is given, and a recipe is for nodes that were tested", {
      remedy: `test them with \`${testing(nodes)}\` and give --verdict verdict.json; or write it all the same with --untested`,
    });
  return { nodes, grade: "B" as const, faults: [], untested: nodes };
}

function testedIn(file: string): Readonly<Record<string, TestedNode>> {
  let document: { readonly nodes?: unknown } | null;
  try {
    document = JSON.parse(readFileSync(file === "-" ? 0 : file, "utf8")) as typeof document;
  } catch (error) {
    throw new UserError(`--verdict ${file}: ${(error as Error).message}`, {
      remedy: "give the document that `npm start -- --json` prints",
    });
  }
  const nodes = document?.nodes;
  if (typeof nodes !== "object" || nodes === null || Object.keys(nodes).length === 0)
    throw new UserError(`--verdict ${file} has the verdict of no node`, {
      remedy: "give the document that `npm start -- --json` prints",
    });
  return nodes as Readonly<Record<string, TestedNode>>;
}

/** `StatefulSet/plex:plex,tools`: kind and containers may be left out. */
function readerOf(text: string): object {
  const [, kind = "Deployment", name = "", containers = name] = /^(?:([^/:]+)\/)?([^/:]+)(?::(.+))?$/.exec(text) ?? [];
  if (name === "")
    throw new UserError(`--reader ${text} names no workload`, {
      remedy: "write [KIND/]NAME[:CONTAINER], such as sonarr or StatefulSet/plex:plex",
    });
  return { kind, name, containers: containers.split(",") };
}

function requireBelow(directory: string): void {
  if (directory.split("/").every((part) => /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(part))) return;
  throw new UserError(`--directory ${directory} is refused`, {
    remedy: "give a path below the checkout, without a slash at either end and without . and ..",
  });
}

const pick = <Key extends keyof Options>(options: Options, keys: readonly Key[]): object =>
  Object.fromEntries(keys.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]])));
