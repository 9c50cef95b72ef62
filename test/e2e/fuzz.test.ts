/** A sample of `npm run fuzz`: here, where the programs that it asks are compiled. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { buildTools, toolDirectory } from "../../sandbox/build/tools.ts";
import { asLine, fuzz } from "../fuzz/fuzz.ts";
import { type Oracle, openOracle } from "../fuzz/oracle.ts";
import { cli } from "./sandbox.ts";

const INPUTS = 1000;
/** Each run looks at others; the message of a failure holds the seed. */
const SEED = Math.floor(Date.now() / 1000) % 1_000_000_000;

const VALID = join("test", "fixtures", "objects", "valid");

describe("check beside kubectl and kustomize", () => {
  let oracle: Oracle;
  before(async () => {
    oracle = await openOracle();
  });
  after(() => oracle?.close());

  it(`lets nothing pass that they turn into a breach (npm run fuzz -- ${INPUTS} --seed ${SEED})`, async () => {
    const { figures, misses } = await fuzz(oracle, INPUTS, SEED);
    console.log(`      ${asLine(figures)}`);
    assert.deepEqual(misses, []);
    // Otherwise it would prove nothing.
    assert.ok(figures.breaches > INPUTS / 20 && figures.exits[0] > INPUTS / 50, asLine(figures));
  });

  it("knows a manifest and a tree that they read as we do not", async () => {
    const manifest = "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec:\n  # x\u2028  hostPID: true\n";
    const [pod] = (await oracle.ask({ manifest })).objects as { spec: { hostPID?: boolean } }[];
    assert.equal(pod?.spec.hostPID, true);
    const tree = { "a/kustomization.yaml": "resources: [b]\nnamePrefix: x-\n", "a/b": manifest };
    const built = await oracle.ask({ tree, build: "a" });
    assert.equal((built.objects[0] as { metadata: { name: string } }).metadata.name, "x-a");
  });

  it("judges what kustomize builds beside the files", async () => {
    await buildTools(["gitops"]);
    const kustomize = join(toolDirectory("gitops"), "kustomize");
    const { code, stderr } = await cli("check", [join(VALID, "kustomization.yaml"), "--kustomize", kustomize]);
    assert.match(stderr, /^✓ 5 objects in 3 files, and in what kustomize builds, keep/);
    assert.equal(code, 0);
  });
});
