import assert from "node:assert/strict";
import { causes, notes } from "../../../../core/diagnosis/causes/index.ts";
import { isTried, trials } from "../../../../core/diagnosis/causes/trials.ts";
import { fixes } from "../../../e2e/fixes.ts";
import { provocations } from "../../../e2e/provocations.ts";

/** Has a test of its own, on the other node: test/e2e/fixes.test.ts. */
const OF_ITS_OWN = "node-root-private";
const catalogue = [...causes, ...notes];

describe("what was done with the fixes", () => {
  it("is told of every cause and note, and of nothing else", () => {
    assert.deepEqual(Object.keys(trials).sort(), ["unknown", ...catalogue.map(({ id }) => id)].sort());
  });

  it("is told in the words that a verdict prints", () => {
    const missing = catalogue.flatMap(({ id, fix }) => {
      const trial = trials[id];
      const words = trial && "tried" in trial ? trial.tried : [];
      assert.ok(!isTried(id) || words.length > 0, id);
      return words.filter((one) => !fix.includes(one));
    });
    assert.deepEqual(missing, []);
  });

  it("is a test on the sandbox, or the reason why there is none", () => {
    assert.deepEqual(
      Object.keys(trials).filter(isTried).sort(),
      [...new Set([OF_ITS_OWN, ...fixes.map(({ cause }) => cause)])].sort(),
    );
    for (const [id, trial] of Object.entries(trials))
      if ("untried" in trial) assert.match(trial.untried, /^[a-z].{20,}\.$/, id);
  });

  it("leaves out of what the end-to-end tests provoke only what the sandbox cannot mend", () => {
    const left = provocations.map(({ cause }) => cause).filter((cause) => !isTried(cause));
    assert.deepEqual([...new Set(left)], ["runtime-drops-propagation", "fuse-unavailable"]);
  });
});
