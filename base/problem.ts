/** Errors that a person can do something about. Anything else that is thrown is a fault of this code. */
import { printable, printableLines } from "./printable.ts";

interface Help {
  /** What to do about it. */
  readonly remedy: string;
  /** Path of the log that explains the failure. */
  readonly log?: string | undefined;
  readonly cause?: unknown;
}

/** What failed and what to do about it: printed with its remedy and without a stack. */
export class UserError extends Error {
  override readonly name: string = "UserError";
  readonly remedy: string;
  readonly log: string | undefined;
  /** Whether its message may have several lines. */
  readonly hasLines: boolean = false;

  constructor(message: string, { remedy, log, cause }: Help) {
    super(message, { cause });
    this.remedy = remedy;
    this.log = log;
  }
}

/** Errors of core whose message has its remedy in it. */
const SELF_EXPLAINING: ReadonlySet<string> = new Set(["SettingsError", "IsolationError"]);

/** The error in words for the person who can do something about it; undefined for a fault of ours, which needs its stack. */
export function explanation(error: unknown): string | undefined {
  if (error instanceof UserError) {
    const words = error.hasLines ? printableLines(error.message) : printable(error.message);
    return `${words}\n  remedy: ${printable(error.remedy)}`;
  }
  return error instanceof Error && SELF_EXPLAINING.has(error.name) ? printableLines(error.message) : undefined;
}
