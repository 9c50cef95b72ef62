import assert from "node:assert/strict";
import fc from "fast-check";
import { judge, settled } from "../../core/verdict.ts";
import { BREAKS } from "./breaks.ts";
import { LAWS, violations } from "./laws.ts";
import { type Plan, plans } from "./plan.ts";
import { story } from "./tell.ts";

const HISTORIES = 2000;
const SEED = 20_261_124;
const right = { judge, settled };

describe("laws of the judge", function () {
  this.timeout(120_000);
  /** By law: the first history that breaks it. */
  const broken = new Map<string, Plan>();
  let sound: readonly Plan[] = [];

  before(() => {
    const all = fc.sample(plans, { numRuns: HISTORIES, seed: SEED });
    sound = all.filter((plan) => {
      const found = violations(plan, right);
      for (const { law } of found) if (!broken.has(law)) broken.set(law, plan);
      return found.length === 0;
    });
  });

  for (const law of LAWS)
    it(`${law}, in ${HISTORIES} histories`, () => {
      const plan = broken.get(law);
      if (!plan) return assert.ok(sound.length > 0);
      const of = (one: Plan) => violations(one, right).filter((found) => found.law === law);
      // Again, to find the smallest.
      const { counterexample } = fc.check(
        fc.property(plans, (one) => of(one).length === 0),
        { numRuns: HISTORIES, seed: SEED },
      );
      const [smallest = plan] = counterexample ?? [];
      assert.fail(story(smallest, of(smallest)));
    });

  for (const [what, broke] of Object.entries(BREAKS))
    it(`find a judge that ${what}`, () => {
      const wrong = broke(right);
      assert.ok(sound.some((plan) => violations(plan, wrong).length > 0));
    });
});
