/** Progress for people: one line a step on stderr, plain text, so that a captured log reads like the terminal. */
import { readFile } from "node:fs/promises";
import { MARKS } from "./marks.ts";
import { say } from "./output.ts";
import { printableLines } from "./printable.ts";
import { explanation, UserError } from "./problem.ts";
import { Interrupted } from "./stop.ts";

/** Runs one step, and says when it is done or has failed, and after what time. */
export async function step<T>(label: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  try {
    const result = await work();
    say(`${MARKS.success} ${label.padEnd(46)} ${elapsed(started).padStart(7)}`);
    return result;
  } catch (error) {
    if (!(error instanceof Interrupted)) say(`${MARKS.failure} ${label.padEnd(46)} ${elapsed(started).padStart(7)}`);
    throw error;
  }
}

export function note(text: string): void {
  say(`${MARKS.note} ${text}`);
}

/** Time since `started` (a `performance.now()` value) as people read it: `0.8 s`. */
export const elapsed = (started: number): string => `${((performance.now() - started) / 1000).toFixed(1)} s`;

/** The failure as a person needs it: what, what to do, and the end of the log where there is one. */
export async function explain(error: unknown): Promise<void> {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  for (const line of `error: ${explanation(error) ?? printableLines(stack)}`.split("\n")) say(line);
  if (!(error instanceof UserError) || !error.log) return;
  const lines = (await readFile(error.log, "utf8").catch(() => "")).trimEnd().split("\n").slice(-8);
  say(`  log: ${error.log}`);
  for (const line of lines) say(`  | ${line.slice(0, 300)}`);
}
