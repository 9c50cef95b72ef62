/**
 * Histories of a model of a node, each judged and held against the laws (laws.ts): npm run laws -- --help
 * The first that breaks a law is shrunk and told; exit code 1. With --breaks the judge is broken on purpose (breaks.ts), and what
 * counts is how many histories it takes to notice.
 */
import fc from "fast-check";
import { EXIT, run } from "../../cli/run.ts";
import { judge, settled } from "../../core/diagnosis/verdict.ts";
import { BREAKS, breaksFound } from "./breaks.ts";
import { violations } from "./laws.ts";
import { type LawsOptions, lawsOptions } from "./options.ts";
import { plans } from "./plan.ts";
import { story } from "./tell.ts";

const by = { judge, settled };

await run(async () => {
  const options = lawsOptions(process.argv.slice(2));
  return options.breaks ? breaks(options) : laws(options);
});

function laws({ histories, seed }: LawsOptions): number {
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
  return result.failed ? EXIT.failure : EXIT.success;
}

function breaks({ histories, seed }: LawsOptions): number {
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
  return missed > 0 ? EXIT.failure : EXIT.success;
}
