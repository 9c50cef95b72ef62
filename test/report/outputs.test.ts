import assert from "node:assert/strict";
import { decide } from "../../core/diagnosis/decision.ts";
import { judge, type Verdict } from "../../core/diagnosis/verdict.ts";
import { stackOutputs } from "../../report/outputs.ts";
import { file, files } from "../core/diagnosis/causes/recorded.ts";
import { evidence, mounted, sees, unseenByControl } from "../core/evidence/evidence.ts";
import { homelab } from "../homelab.ts";

/** The engine cuts longer texts on a terminal. */
const SHOWN = 150;

const verdictOf = (given: ReturnType<typeof evidence>): Verdict => {
  const verdict = judge({ ...given, final: true }, homelab().decision);
  assert.ok(verdict);
  return verdict;
};
const success = verdictOf(
  evidence({ records: [...mounted, unseenByControl, ...sees("default"), ...sees("hardened")] }),
);
const failure = verdictOf(file("node-root-private"));

describe("stack outputs", () => {
  it("say of a success what to do next, and have the fragment to copy", () => {
    const { report, fragment, next, ...said } = stackOutputs("a", { "k3s-w2": success });
    assert.deepEqual(said, {
      run: "a",
      node: "k3s-w2",
      verdict: "success",
      grade: "",
      cause: "success",
      explanation: success.explanation,
      decision: "Containerise Decypharr in k3s, drop SMB/CIFS, gain HA and GitOps.",
      nodes: { "k3s-w2": "success (no grade)" },
    });
    assert.equal(next, success.decision.nextStep);
    assert.match(fragment, /mountPropagation: HostToContainer/);
  });

  it("say of a failure how to repair it, and speak of the worst node, with a line for each", () => {
    const said = stackOutputs("a", { "k3s-w2": success, "k3s-w1": failure });
    assert.deepEqual(
      [said.node, said.verdict, said.grade, said.cause, said.next, said.fragment],
      ["k3s-w1", "failure", "C", "node-root-private", failure.fix, ""],
    );
    assert.deepEqual(said.nodes, {
      "k3s-w2": "success (no grade)",
      "k3s-w1": "failure, grade C: node-root-private",
    });
  });

  it("have the whole document, of which a terminal shows the run only", () => {
    const { report } = stackOutputs("a", { "k3s-w2": success, "k3s-w1": failure });
    assert.deepEqual(report, { run: "a", __nodes: { "k3s-w2": success, "k3s-w1": failure } });
  });

  it("say nothing of any cause or grade that a terminal would cut", () => {
    for (const grade of ["A", "B", undefined] as const) {
      const { text, nextStep } = decide("success", grade, homelab().decision);
      for (const words of [text, nextStep]) assert.ok(words.length <= SHOWN, `${words.length} characters: ${words}`);
    }
    assert.ok(files.length > 20);
    for (const { what, evidence: recorded } of files) {
      const { report: _, fragment: _1, nodes, ...texts } = stackOutputs("a", { "k3s-w2": verdictOf(recorded) });
      for (const [key, text] of Object.entries({ ...texts, ...nodes })) {
        assert.ok(text.length <= SHOWN, `${what}: ${key} has ${text.length} characters`);
        assert.ok(!text.includes("\n"), `${what}: ${key} is one line`);
      }
    }
  });
});
