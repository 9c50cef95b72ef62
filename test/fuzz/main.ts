/**
 * Hostile inputs through `check` and through what kubectl and kustomize are made of, side by side: no input that they turn into a
 * breach may end with 0.
 *
 *   npm run fuzz -- [N] [--seed S]
 */

import { Command } from "commander";
import { asLine, fuzz } from "./fuzz.ts";
import { openOracle } from "./oracle.ts";

const whole = (text: string): number => {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`${text} is no whole number`);
  return number;
};

const program = new Command("fuzz")
  .argument("[N]", "how many inputs", whole, 50_000)
  .option("--seed <S>", "where the inputs begin; the next N seeds are used", whole, 1);
program.parse();
const [count] = program.processedArgs as [number];
const { seed } = program.opts<{ seed: number }>();

const oracle = await openOracle();
const from = performance.now();
const { figures, misses } = await fuzz(oracle, count, seed);
await oracle.close();
for (const { seed: own, input, words } of misses.slice(0, 20))
  console.log(`✗ --seed ${own}: ${words}\n${"tree" in input ? JSON.stringify(input.tree, null, 1) : input.manifest}\n`);
console.log(
  `${misses.length > 0 ? "✗" : "✓"} ${asLine(figures)}; ${misses.length} pass that should not (seed ${seed}, ${((performance.now() - from) / 1000).toFixed(0)} s)`,
);
process.exit(misses.length > 0 ? 1 : 0);
