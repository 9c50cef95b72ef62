/** `--scenario recipe` for real: a recipe that holds, and one whose daemon does not come back. */
import assert from "node:assert/strict";
import type { RecipeTrial } from "../../core/recipe/trial.ts";
import { leaveSandbox, type SandboxDocument, sandbox, start } from "./sandbox.ts";

/** Its first life in a recipe leaves a word for the second, which then does not serve; in the test's own pod there is no /data. */
const ONCE =
  '[ -e /data/once ] && sleep 1000; touch /data/once 2>/dev/null; exec bindfs -f -o allow_other "$SOURCE" "$MOUNT"';

describe("the scenario recipe", function () {
  this.timeout(900_000);
  let cluster: SandboxDocument;

  before(async () => {
    cluster = await sandbox();
  });
  after(leaveSandbox);

  const trial = async (...settings: string[]): Promise<RecipeTrial> => {
    const target = ["--kubeconfig", cluster.kubeconfig, "--context", cluster.context, "--node", "k3s-w2"];
    const { producer } = cluster.images;
    const images = [`producerImage=${producer}`, `consumerImage=${producer}`];
    const { document, stderr } = await start([...target, "--scenario", "recipe", "--set", ...images, ...settings]);
    assert.deepEqual(document?.residue, [], stderr);
    const found = document?.nodes["k3s-w2"];
    assert.equal(found?.grade, "A", stderr);
    assert.ok(found.recipe, stderr);
    return found.recipe;
  };

  it("shows that the recipe comes through all of it", async () => {
    const { holds, finding, outcomes } = await trial();
    assert.equal(holds, true, finding);
    console.log(`      ${finding}`);
    const unasked = outcomes.filter((one) => one.unasked !== undefined);
    assert.deepEqual(unasked, [], "on the sandbox all can be asked");
  });

  it("shows one whose daemon does not come back", async () => {
    const { holds, finding } = await trial("driver=command", `command=${ONCE}`);
    assert.equal(holds, false, finding);
    assert.match(finding, /After "daemon killed \(-9\)" the reader root did not come back/);
  });
});
