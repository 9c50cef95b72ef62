import assert from "node:assert/strict";
import { lasting, type Symptom } from "../../sandbox/cluster/record.ts";

/** Examined again and again, the last answer for ever. */
function examination(...answers: readonly (Symptom | undefined)[]) {
  let asked = 0;
  const examine = async () => answers[Math.min(asked++, answers.length - 1)];
  return { examine, asked: () => asked };
}

describe("whether a running sandbox is ill", () => {
  const slow = { what: "the API server is not ready" };

  it("is not decided by one slow answer", async () => {
    const { examine } = examination(slow, slow, undefined);
    assert.equal(await lasting(examine, { within: 5000, every: 1 }), undefined);
  });

  it("is decided by what does not pass", async () => {
    const { examine, asked } = examination(slow);
    assert.equal(await lasting(examine, { within: 20, every: 1 }), slow.what);
    assert.ok(asked() > 1);
  });

  it("is decided at once by a process that has ended", async () => {
    const { examine, asked } = examination({ what: "ended: k3s-w2 kubelet", final: true });
    assert.equal(await lasting(examine, { within: 5000, every: 1 }), "ended: k3s-w2 kubelet");
    assert.equal(asked(), 1);
  });
});
