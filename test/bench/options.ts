/** The command line of `npm run repeat`. */
import { Command } from "commander";
import { UserError } from "../../base/problem.ts";
import { scenariosFault } from "../../core/settings/validators.ts";
import { whole } from "../numbers.ts";

export interface RepeatOptions {
  readonly times: number;
  readonly busy: boolean;
  readonly scenarios: readonly string[];
}

const example = "npm run repeat -- 20 --busy";

export const repeatCommand = (): Command =>
  new Command("npm run repeat --")
    .exitOverride()
    .showHelpAfterError("  remedy: --help shows what it takes")
    .description(
      "Runs the whole job (`npm start`) many times on one sandbox of this machine: every run must give the same answers.",
    )
    .argument("[times]", "how many runs", whole("times", { from: 1, example }), 20)
    .option("--busy", "keep every core of this machine busy meanwhile, with one process each")
    .option("--scenario <name...>", "run these scenarios too: names, all, and '!name' to leave one out")
    .addHelpText(
      "after",
      `
A run takes about half a minute, and each scenario twenty seconds more; with --busy up to six times as long. The line of a run has its
seconds. One run of every 20 may leave a question open; none may answer it in another way than the others.

Exit codes: 0 the runs agree; 1 they do not; 2 bad options, or the sandbox cannot be started.`,
    );

/**
 * @param args the words behind the command
 * @throws CommanderError where they are none of its options, or ask for its help; UserError for a value that is wrong
 */
export function repeatOptions(args: readonly string[], command = repeatCommand()): RepeatOptions {
  const program = command.parse(args, { from: "user" });
  const [times] = program.processedArgs as [number];
  const { busy = false, scenario: scenarios = [] } = program.opts<{ busy?: boolean; scenario?: string[] }>();
  const fault = scenariosFault(scenarios);
  if (fault) throw new UserError(`--scenario ${scenarios[fault.index]} is no scenario`, { remedy: fault.remedy });
  return { times, busy, scenarios };
}
