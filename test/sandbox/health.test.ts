import assert from "node:assert/strict";
import { type Problem, persistentProblem } from "../../sandbox/cluster/health.ts";

/** Gives these answers one after the other, the last one for ever. */
function checks(...answers: readonly (Problem | undefined)[]) {
  let asked = 0;
  const check = async () => answers[Math.min(asked++, answers.length - 1)];
  return { check, asked: () => asked };
}

describe("the health of a running sandbox", () => {
  const slow = { what: "the API server is not ready" };

  it("is not decided by one slow answer", async () => {
    const { check, asked } = checks(slow, slow, undefined);
    assert.equal(await persistentProblem(check, { within: 5000, every: 1 }), undefined);
    assert.equal(asked(), 3);
  });

  it("is decided by what does not pass", async () => {
    const { check, asked } = checks(slow);
    assert.equal(await persistentProblem(check, { within: 20, every: 1 }), slow.what);
    assert.ok(asked() > 1);
  });

  it("is decided at once by a process that has ended", async () => {
    const { check, asked } = checks({ what: "ended: k3s-w2 kubelet", permanent: true });
    assert.equal(await persistentProblem(check, { within: 5000, every: 1 }), "ended: k3s-w2 kubelet");
    assert.equal(asked(), 1);
  });
});
