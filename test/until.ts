/** Waits in tests, which end with what was last seen. */
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Asks until the answer is as it should be, and returns it.
 *
 * @throws Error with the last answer, when it still is not so after that many seconds
 */
export async function until<T>(
  ask: () => T | Promise<T>,
  isSo: (answer: T) => boolean = Boolean,
  { seconds = 90, everyMs = 100 } = {},
): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (isSo(answer)) return answer;
    if (performance.now() > end) throw new Error(`after ${seconds} s it still is ${JSON.stringify(answer)}`);
    await sleep(everyMs);
  }
}
