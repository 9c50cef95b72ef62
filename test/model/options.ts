/** The command line of `npm run laws`. */
import { Command } from "commander";
import { whole } from "../numbers.ts";

export interface LawsOptions {
  readonly histories: number;
  readonly seed: number;
  readonly breaks: boolean;
}

/** Seeds are whole numbers of 31 bits: fast-check keeps no more of them. */
const SEEDS = 2 ** 31;
const example = "npm run laws -- 100000 --seed 1";

export const lawsCommand = (): Command =>
  new Command("npm run laws --")
    .exitOverride()
    .showHelpAfterError("  remedy: --help shows what it takes")
    .description(
      "Generates histories of a model of a node with its mounts, daemon and readers (test/model), judges each, and compares the answer with what really happened there.",
    )
    .argument("[histories]", "how many histories", whole("histories", { from: 1, example }), 100_000)
    .option(
      "--seed <number>",
      "where the histories begin: the same number gives the same ones (default: the clock's)",
      whole("--seed", { from: 0, to: SEEDS - 1, example }),
    )
    .option(
      "--breaks",
      "break the judge on purpose, in each way of breaks.ts, and count the histories until a law says so",
    )
    .addHelpText(
      "after",
      `
A thousand histories take about five seconds of one core. The first one that breaks a law is made as small as it can be, and told with
its plan, its records (seconds from the start of the history) and the answer. The last line has the seed, for the same run again.

Exit codes: 0 every law holds, or every break is found; 1 a law is broken, or a break is not found; 2 bad options.`,
    );

/**
 * @param args the words behind the command
 * @throws CommanderError where they are none of its options, or ask for its help; UserError for a value that is wrong
 */
export function lawsOptions(args: readonly string[], command = lawsCommand()): LawsOptions {
  const program = command.parse(args, { from: "user" });
  const [histories] = program.processedArgs as [number];
  const { seed = Date.now() % SEEDS, breaks = false } = program.opts<Partial<LawsOptions>>();
  return { histories, seed, breaks };
}
