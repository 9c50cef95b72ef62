import { CommanderError } from "commander";
import { printable, printableLines } from "../base/printable.ts";

/** Exit codes of every command. */
export const EXIT = { success: 0, failure: 1, tool: 2, inconclusive: 3 } as const;

/** A problem that the user can mend: printed without a stack, with its remedy, exit code 2. */
export class UserError extends Error {
  readonly remedy: string;
  constructor(message: string, options: { readonly remedy: string; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = "UserError";
    this.remedy = options.remedy;
  }
}

/** What a person is told who can mend it; undefined for a fault of ours, which needs its stack. */
export function problem(error: unknown): string | undefined {
  if (error instanceof UserError) return `${printable(error.message)}\n  remedy: ${printable(error.remedy)}`;
  const known = error instanceof Error && ["SettingsError", "IsolationError"].includes(error.name);
  return known ? printableLines(error.message) : undefined;
}

/** Runs a command's body; what it throws is printed as a person can use it. */
export async function main(body: () => Promise<number>): Promise<void> {
  // A reader that has seen enough (`| head`), or a terminal that was closed, is no problem: least of all may it end a
  // clean-up that only wanted to tell what it does.
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (!["EPIPE", "EIO"].includes(error.code ?? "")) throw error;
    });
  try {
    process.exitCode = await body();
  } catch (error) {
    process.exitCode = EXIT.tool;
    // Commander has printed what it has to say: the help, or what is wrong with the words of the command line.
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) process.exitCode = EXIT.success;
    } else {
      const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.stderr.write(`error: ${problem(error) ?? printableLines(stack)}\n`);
    }
  }
}
