/**
 * One switch for the whole process: Ctrl-C or the first failing branch of a parallel start turns it, and every
 * command, wait and daemon start then ends at once, so that the clean-up meets a quiet machine.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Interrupted } from "./problem.ts";

const controller = new AbortController();

export const stopping = controller.signal;

export function stop(): void {
  controller.abort();
}

export function refuseIfStopping(): void {
  if (stopping.aborted) throw new Interrupted();
}

/**
 * Runs branches side by side. When one fails the others are stopped and awaited before the failure is passed on:
 * a branch that is still starting things must not outlive the clean-up.
 */
export async function together(...branches: Promise<unknown>[]): Promise<void> {
  for (const branch of branches) branch.catch(stop);
  const failures = (await Promise.allSettled(branches)).filter((result) => result.status === "rejected");
  const cause = failures.find((failure) => !(failure.reason instanceof Interrupted)) ?? failures[0];
  if (cause) throw cause.reason;
}

/**
 * Asks until the answer is there.
 *
 * @param every milliseconds between two questions
 * @param within milliseconds until `late` is thrown
 */
export async function until<T>(
  question: () => Promise<T | undefined> | T | undefined,
  { every, within, late }: { every: number; within: number; late: () => Error },
): Promise<T> {
  const end = performance.now() + within;
  for (;;) {
    refuseIfStopping();
    const answer = await question();
    if (answer !== undefined) return answer;
    if (performance.now() > end) throw late();
    await delay(every);
  }
}
