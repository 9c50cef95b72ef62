import assert from "node:assert/strict";
import { causes, notes } from "../../../../core/diagnosis/causes/index.ts";
import { isTried, trials } from "../../../../core/diagnosis/causes/trials.ts";
import { fixed } from "../../../e2e/fixed.ts";
import { fixes } from "../../../e2e/fixes.ts";
import { provocations } from "../../../e2e/provocations.ts";
import { deployment } from "../../../e2e/provoke.ts";

/** Has a test of its own, on the other node: test/e2e/fixes.test.ts. */
const OF_ITS_OWN = "node-root-private";
const CLUSTER = {
  kubeconfig: "",
  context: "",
  nodes: ["k3s-w1", "k3s-w2"],
  images: { producer: "docker.io/fuse-test/producer:1", consumer: "docker.io/fuse-test/consumer:1" },
  binaries: "",
  env: {},
};
const catalogue = [...causes, ...notes];

describe("what was done with the fixes", () => {
  it("is said of every cause and note, and of nothing else", () => {
    assert.deepEqual(Object.keys(trials).sort(), ["unknown", ...catalogue.map(({ id }) => id)].sort());
  });

  it("is given in the words that a verdict prints", () => {
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

  for (const fix of fixes)
    it(`of ${fix.cause} changes something of the deployment, or of the node`, () => {
      const made = (one: typeof fix.provocation) => deployment(CLUSTER, one, "f0");
      const [before, then] = [made(fix.provocation), made(fixed(fix, CLUSTER, "f0"))];
      const waited = fix.provocation.consumerAfter !== undefined;
      assert.ok(fix.onNode || waited || JSON.stringify(before) !== JSON.stringify(then));
    });

  it("leaves out of what the end-to-end tests provoke only these", () => {
    const left = provocations.map(({ cause }) => cause).filter((cause) => !isTried(cause));
    assert.deepEqual([...new Set(left)], ["lsm-denies", "tools-missing", "bridge-in-use", "fuse-unavailable"]);
  });
});
