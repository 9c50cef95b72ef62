/**
 * The program: `fuse-propagation-test VERB ...`. Each `npm run VERB` is the same.
 *
 * A verb's module is loaded when it is called: what `start` needs takes half a second to load, and `check` runs in every commit.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../base/paths.ts";
import { PROJECT } from "../core/contract/names.ts";
import { EXIT, run } from "./run.ts";
import { VERBS, type Verb } from "./verbs.ts";

/** @returns the exit code */
type Run = (args: readonly string[]) => Promise<number>;

const engine = async (verb: "preview" | "up" | "destroy"): Promise<Run> => {
  const { runEngine } = await import("./commands/engine.ts");
  return (args) => runEngine(verb, args);
};

const COMMANDS: Readonly<Record<Verb, () => Promise<Run>>> = {
  start: async () => (await import("./commands/start.ts")).runStart,
  preview: () => engine("preview"),
  up: () => engine("up"),
  destroy: () => engine("destroy"),
  collect: async () => (await import("./commands/collect.ts")).runCollect,
  sweep: async () => (await import("./commands/sweep.ts")).runSweep,
  export: async () => (await import("./commands/export.ts")).runExport,
  recipe: async () => (await import("./commands/recipe.ts")).runRecipe,
  check: async () => (await import("./commands/check.ts")).runCheck,
  diagnose: async () => (await import("./commands/diagnose.ts")).runDiagnose,
  rights: async () => (await import("./commands/rights.ts")).runRights,
  sandbox: async () => (await import("./commands/sandbox.ts")).runSandbox,
};

const isVerb = (word: string): word is Verb => Object.hasOwn(COMMANDS, word);

await run(async () => {
  const [verb = "", ...args] = process.argv.slice(2);
  if (isVerb(verb)) return (await COMMANDS[verb]())(args);
  const [of = ""] = args;
  if (verb === "help" && isVerb(of)) return (await COMMANDS[of]())(["--help"]);
  return overview([verb, ...args].filter(Boolean));
});

/** Answers --help and --version, and refuses what is no verb. @throws CommanderError in each case */
async function overview(args: readonly string[]): Promise<number> {
  const { Command } = await import("commander");
  const { description, version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
  const program = new Command(PROJECT).exitOverride().description(description).version(version);
  for (const [verb, summary] of Object.entries(VERBS)) program.command(verb).description(summary);
  program.addHelpText(
    "after",
    "\nEach has a --help of its own, and is `npm run COMMAND --` in a checkout. docs/commands.md has examples.",
  );
  program.parse(args, { from: "user" });
  return EXIT.tool;
}
