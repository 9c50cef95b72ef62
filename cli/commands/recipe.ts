/**
 * Writes a deployment that shares a FUSE mount into a GitOps checkout: the daemon, and for each reader a patch. It commits nothing, and
 * asks no cluster: grade and nodes come from a verdict.
 */
import { Option } from "commander";
import { takenNames } from "../../core/recipe/given.ts";
import { clashes, planRecipe } from "../../core/recipe/plan.ts";
import { command, optionsIn } from "../command.ts";
import { openCheckout } from "../export/checkout.ts";
import { withoutGuess } from "../export/refusals.ts";
import { reportDrift, reportRecipe } from "../export/report.ts";
import { settingsOptions } from "../options.ts";
import { askedRecipe, type RecipeOptions, recipeDirectory, requireNone } from "../recipe/asked.ts";
import { emptied, requireUnnamed } from "../recipe/going.ts";
import { EXIT } from "../run.ts";

/** Of the settings options: a cluster and its scenarios are nothing to it. */
const SHARED = ["stack", "node", "set"];

const recipeCommand = () =>
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
  const options = optionsIn<RecipeOptions>(recipeCommand(), args);
  const { remove = false, force = false } = options;
  const checkout = openCheckout(options.out);
  const { recipe, untested } = askedRecipe(options);
  const directory = recipeDirectory(options, recipe);
  if (!remove) requireNone(clashes(recipe, directory, checkout));
  const planned = withoutGuess(() => planRecipe(recipe, directory, checkout, { remove, force }));
  const warned = { ...planned, notes: [...untested, ...planned.notes] };
  if (options.check) return reportDrift({ ...warned, enabled: true }, options.json ?? false);
  const refused = planned.edited.length > 0 && !force;
  if (!refused) {
    if (!force) requireUnnamed(planned);
    checkout.write(planned.changes);
    if (remove) checkout.prune(emptied(directory, planned));
  }
  reportRecipe(warned, refused, options.json ?? false, remove ? undefined : recipe);
  return refused ? EXIT.failure : EXIT.success;
}
