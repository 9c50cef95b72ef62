import assert from "node:assert/strict";
import { join } from "node:path";
import { runEngine } from "../../../cli/commands/engine.ts";
import { inProcess } from "../inProcess.ts";
import { type FakeNode, fakeNode } from "./fakeNode.ts";

const ROOT = join(import.meta.dirname, "../../..");
const PACK = `--policy-pack ${join(ROOT, "policy")}`;

describe("Pulumi's own commands", () => {
  let node: FakeNode | undefined;
  afterEach(() => {
    node?.restore();
    node = undefined;
  });

  for (const [verb, words] of [
    ["preview", `preview ${PACK} --diff`],
    ["up", `up ${PACK} --diff`],
    ["destroy", "destroy --diff"],
  ] as const)
    it(`${verb} has the engine made ready, and runs it with the user's words`, async () => {
      node = fakeNode({ engine: { version: "3" }, plugins: {} }, 0);
      const { status, stderr } = await inProcess((args) => runEngine(verb, args), ["--diff"]);
      assert.deepEqual([status, stderr], [0, ""]);
      const [ready, ran, ...more] = node.words();
      assert.match(ready ?? "", /sandbox\/main\.ts engine --json$/);
      assert.deepEqual([ran, more], [words, []]);
    });

  it("are not begun where there is no engine", async () => {
    node = fakeNode(undefined, 2);
    const { status, stderr } = await inProcess((args) => runEngine("up", args), []);
    assert.equal(status, 2);
    assert.match(stderr, /the sandbox's `engine` ended with exit code 2/);
    assert.equal(node.words().length, 1);
  });

  it("help without any engine", async () => {
    node = fakeNode(undefined, 2);
    const { status, stdout } = await inProcess((args) => runEngine("destroy", args), ["-h"]);
    assert.equal(status, 0);
    assert.match(stdout, /cli\/commands\/pulumi_destroy/);
    assert.throws(() => node?.words(), { code: "ENOENT" });
  });
});
