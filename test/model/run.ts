/**
 * Histories of a model of a node, each judged and held against the laws (laws.ts): npm run laws -- [N] [--seed S] [--breaks]
 * The first that breaks a law is shrunk and told; exit code 1. With --breaks the judge is broken on purpose (breaks.ts), and what
 * counts is how many histories it takes to notice.
 */
import { parseArgs } from "node:util";
import fc from "fast-check";
import { judge, settled } from "../../core/diagnosis/verdict.ts";
import { BREAKS, breaksFound } from "./breaks.ts";
import { violations } from "./laws.ts";
import { plans } from "./plan.ts";
import { story } from "./tell.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: "string" }, breaks: { type: "boolean" } },
});
const histories = Number(positionals[0] ?? 100_000);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
if (!Number.isInteger(histories) || histories < 1 || !Number.isInteger(seed)) {
  process.stderr.write(
    "✗ give a number of histories, and a whole number as the seed: npm run laws -- 100000 --seed 1\n",
  );
  process.exit(2);
}
const by = { judge, settled };
if (values.breaks) process.exit(breaks());
const from = performance.now();
const result = fc.check(
  fc.property(plans, (plan) => violations(plan, by).length === 0),
  { numRuns: histories, seed },
);
const seconds = ((performance.now() - from) / 1000).toFixed(1);
const [plan] = result.counterexample ?? [];
if (plan) console.log(story(plan, violations(plan, by)));
console.log(
  `${result.failed ? "✗" : "✓"} ${result.numRuns} histories, seed ${seed}, ${seconds} s${result.failed ? `, shrunk ${result.numShrinks} times` : ""}`,
);
process.exit(result.failed ? 1 : 0);

function breaks(): number {
  let missed = 0;
  const all = breaksFound(by, fc.sample(plans, { numRuns: histories, seed }));
  for (const what of Object.keys(BREAKS)) {
    const found = all.get(what);
    if (!found) missed++;
    console.log(
      `${found ? `✓ ${String(found.histories).padStart(5)}` : "✗     -"}  ${what}${found ? `: ${found.law}` : ""}`,
    );
  }
  console.log(`${Object.keys(BREAKS).length - missed} of ${Object.keys(BREAKS).length} found, seed ${seed}`);
  return missed > 0 ? 1 : 0;
}
