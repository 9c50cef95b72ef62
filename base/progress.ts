/** Progress for people: one line a step on stderr, plain text, so that a captured log reads like the terminal. */
import { readFile } from "node:fs/promises";
import { Interrupted, SandboxError } from "./problem.ts";

/** Runs one step; prints `√ label  0.8 s` when it is done, `× label` when it failed. */
export async function step<T>(label: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  try {
    const result = await work();
    say(`√ ${label.padEnd(46)} ${seconds(started)}`);
    return result;
  } catch (error) {
    if (!(error instanceof Interrupted)) say(`× ${label.padEnd(46)} ${seconds(started)}`);
    throw error;
  }
}

export function note(text: string): void {
  say(`· ${text}`);
}

/** Time since `started` (a `performance.now()` value) as people read it: `0.8 s`. */
export function seconds(started: number): string {
  return `${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s`;
}

/** The failure as a person needs it: what, what to do, and the end of the log. */
export async function explain(error: unknown): Promise<void> {
  if (!(error instanceof SandboxError)) {
    say(`error: ${error instanceof Error ? error.stack : String(error)}`);
    return;
  }
  say(`error: ${error.message}`);
  say(`  remedy: ${error.remedy}`);
  if (!error.log) return;
  const lines = (await readFile(error.log, "utf8").catch(() => "")).trimEnd().split("\n").slice(-8);
  say(`  log: ${error.log}`);
  for (const line of lines) say(`  | ${line.slice(0, 300)}`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
