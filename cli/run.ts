/** What every verb has in common: its exit codes, and how it says what went wrong. */
import { CommanderError } from "commander";
import { tolerateClosedOutput } from "../base/output.ts";
import { explain } from "../base/progress.ts";

/** Exit codes of every verb. */
export const EXIT = { success: 0, failure: 1, tool: 2, inconclusive: 3 } as const;

/** Runs the body of the program; what it throws is printed as a person can use it. */
export async function run(body: () => Promise<number>): Promise<void> {
  tolerateClosedOutput();
  try {
    process.exitCode = await body();
  } catch (error) {
    process.exitCode = EXIT.tool;
    // Commander has printed what it has to say: the help, or what is wrong with the words of the command line.
    if (!(error instanceof CommanderError)) await explain(error);
    else if (error.exitCode === 0) process.exitCode = EXIT.success;
  }
}
