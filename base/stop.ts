/**
 * One switch for the whole process: Ctrl-C or the first failing branch of a parallel start turns it, and every
 * command, wait and daemon start then ends at once, so that the clean-up meets a quiet machine.
 */
import { setTimeout as delay } from "node:timers/promises";

/** Ctrl-C, or another branch of the same work that failed. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  override readonly message = "interrupted";
}

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

type Question<T> = () => Promise<T | false | undefined> | T | false | undefined;

export interface Wait {
  /** Milliseconds between two questions. */
  readonly every: number;
  /** Milliseconds for which it is asked. */
  readonly within: number;
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks until there is an answer other than `false` and `undefined`.
 *
 * @param late what is thrown at the end of the time; without it the answer is `undefined` then
 */
export function until<T>(question: Question<T>, wait: Wait & { readonly late: () => Error }): Promise<T>;
export function until<T>(question: Question<T>, wait: Wait): Promise<T | undefined>;
export async function until<T>(
  question: Question<T>,
  { every, within, signal, late }: Wait & { readonly late?: () => Error },
): Promise<T | undefined> {
  const end = performance.now() + within;
  for (;;) {
    refuseIfStopping();
    const answer = await question();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > end) {
      if (late) throw late();
      return undefined;
    }
    await delay(every, undefined, signal ? { signal } : {});
  }
}
