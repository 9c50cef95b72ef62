import assert from "node:assert/strict";
import { runSandbox } from "../../../cli/commands/sandbox.ts";
import { inProcess } from "../inProcess.ts";
import { fakeNode } from "./fakeNode.ts";

it("sandbox runs the sandbox's own command with the user's words, and ends with its exit code", async () => {
  const node = fakeNode(undefined, 7);
  try {
    assert.equal((await inProcess(runSandbox, ["status", "--verbose"])).status, 7);
    const [words, ...more] = node.words();
    assert.match(words ?? "", /sandbox\/main\.ts status --verbose$/);
    assert.deepEqual(more, []);
  } finally {
    node.restore();
  }
});
