/** The laws as tests, over histories that are the same each time. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { judge, settled } from "../../core/diagnosis/verdict.ts";
import { BREAKS, breaksFound } from "./breaks.ts";
import { LAWS, type Law, type Violation, violations } from "./laws.ts";
import { type Plan, plans } from "./plan.ts";
import { story } from "./tell.ts";

const SEED = 1;
const right = { judge, settled };

/**
 * @param histories how many, from the same first one on
 * @param breaks whether a judge that is broken on purpose must be noticed, too: the last of them after some six hundred
 */
export function lawsHold(histories: number, { breaks }: { readonly breaks: boolean }): void {
  describe("laws of the judge", () => {
    /** By law: the first history that breaks it. */
    const broken = new Map<Law, Plan>();
    let found: ReturnType<typeof breaksFound>;

    before(() => {
      const kept = (plan: Plan, all: readonly Violation[]) => {
        for (const { law } of all) if (!broken.has(law)) broken.set(law, plan);
      };
      found = breaksFound(right, fc.sample(plans, { numRuns: histories, seed: SEED }), kept, breaks ? BREAKS : {});
    });

    for (const law of LAWS)
      it(`${law}, in ${histories} histories`, () => {
        const plan = broken.get(law);
        if (plan) assert.fail(smallest(law, plan));
      });

    for (const what of breaks ? Object.keys(BREAKS) : [])
      it(`find a judge that ${what}`, () => assert.ok(found.has(what), "no history shows it"));

    /** Again from the beginning, and shrunk. */
    function smallest(law: Law, example: Plan): string {
      const of = (plan: Plan) => violations(plan, right).filter((one) => one.law === law);
      const property = fc.property(plans, (plan) => of(plan).length === 0);
      const [plan = example] = fc.check(property, { numRuns: histories, seed: SEED }).counterexample ?? [];
      return story(plan, of(plan));
    }
  });
}
