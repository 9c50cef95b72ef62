/**
 * One of several processes that claim the same stacks at the same moments. It says when it is ready, reads the first moment, and prints
 * the rounds that it got. See claim.test.ts.
 */
import { once } from "node:events";
import { join } from "node:path";
import { claim } from "../../../cli/stack/claim.ts";

const [folder = "", rounds = "0", apart = "0"] = process.argv.slice(2);
process.stdout.write("ready\n");
const [first] = await once(process.stdin, "data");
const got: number[] = [];
const clock = new Int32Array(new SharedArrayBuffer(4));
for (let round = 0; round < Number(rounds); round++) {
  const moment = Number(first) + round * Number(apart);
  // Awake only for the last milliseconds: a processor that all of them wait for would start them one after another.
  Atomics.wait(clock, 0, 0, Math.max(moment - Date.now() - 3, 0));
  while (Date.now() < moment);
  try {
    claim(join(folder, `${round}.json`), "raced");
    got.push(round);
  } catch (error) {
    if (!/another `npm start`/.test(String(error))) throw error;
  }
}
process.stdout.write(`${JSON.stringify(got)}\n`);
// Alive until all have tried: a claim of a process that has ended is free.
process.stdin.resume();
