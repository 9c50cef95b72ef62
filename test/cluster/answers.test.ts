import assert from "node:assert/strict";
import { Answers } from "../../cluster/answers.ts";
import type { Evidence, PodFact } from "../../core/evidence/evidence.ts";
import { parseSettings } from "../../core/settings/settings.ts";
import { evidence, misses, mounted, record, running, sees, unseenByControl } from "../core/evidence/evidence.ts";

const crossed = [...mounted, unseenByControl, ...sees("default"), ...sees("hardened")];
const through = record("producer", "inspect", "info", { uptime: 2069 });
const missed = [...mounted, unseenByControl, ...misses("default"), ...misses("hardened")];

const answersTo = (scenarios: readonly string[], ...all: readonly Evidence[]) => {
  const lines: string[] = [];
  const answers = new Answers(parseSettings({ nodes: ["k3s-w2"], scenarios: [...scenarios] }), (line) =>
    lines.push(line),
  );
  for (const one of all) answers.consider(one);
  return { answers, lines };
};

describe("the answers of a run", () => {
  it("are complete when the base pair has answered, and there is no other", () => {
    const { answers, lines } = answersTo([], evidence({ records: [...crossed, through] }));
    assert.equal(answers.complete, true);
    assert.deepEqual(lines, ["✓ k3s-w2  success: success"]);
    assert.equal(answers.nodes()["k3s-w2"]?.scenarios, undefined);
  });

  it("wait for the matrix where it was asked for", () => {
    const { answers } = answersTo(["permissions"], evidence({ records: crossed }));
    assert.equal(answers.complete, false);
  });

  it("wait for no recovery of a producer that was OOM-killed after the success", () => {
    const pod: PodFact = {
      ...running("producer", []),
      phase: "Failed",
      containers: [{ name: "fuse-producer", state: "terminated", reason: "OOMKilled", message: "", exitCode: 137 }],
    };
    const all = (unread: readonly string[]) =>
      evidence({ records: crossed, pods: [pod, running("consumer", ["fuse-consumer"])], unread });
    assert.equal(answersTo([], all(["fuse-producer/fuse-producer"])).answers.complete, false);
    const { answers } = answersTo([], all([]));
    assert.equal(answers.complete, true);
    const { verdict, grade } = answers.nodes()["k3s-w2"] ?? {};
    assert.deepEqual([verdict, grade], ["success", undefined]);
  });

  it("wait no longer for readers whose pod has ended", () => {
    const pods: PodFact[] = [
      running("producer", ["fuse-producer"]),
      { ...running("consumer", []), phase: "Failed", containers: [] },
    ];
    assert.equal(answersTo([], evidence({ records: mounted, pods })).answers.complete, true);
    assert.equal(answersTo([], evidence({ records: [], pods })).answers.complete, false);
  });

  it("wait for each scenario, and carry what it found", () => {
    const base = evidence({ records: [...crossed, through] });
    const { answers } = answersTo(["empty-dir"], base);
    assert.equal(answers.complete, false);
    answers.consider(evidence({ scenario: "empty-dir", records: missed, final: true }));
    assert.equal(answers.complete, true);
    assert.deepEqual(Object.keys(answers.nodes()["k3s-w2"]?.scenarios ?? {}), ["empty-dir"]);
  });

  it("ask no scenario of a node where nothing crosses", () => {
    const { answers, lines } = answersTo(["empty-dir"], evidence({ records: missed, final: true }));
    assert.equal(answers.complete, true);
    answers.consider(evidence({ scenario: "empty-dir", records: crossed, final: true }));
    assert.equal(answers.nodes()["k3s-w2"]?.scenarios, undefined);
    assert.equal(lines.filter((line) => line.includes("empty-dir")).length, 0);
  });

  it("tell what a scenario found once its node is known to be asked, whichever answered first", () => {
    const scenario = evidence({ scenario: "empty-dir", records: missed, final: true });
    const reported = (...all: readonly Evidence[]) =>
      answersTo(["empty-dir"], ...all).lines.filter((line) => line.includes("empty-dir")).length;
    assert.equal(reported(scenario), 0);
    assert.equal(reported(scenario, evidence({ records: missed, final: true })), 0);
    assert.equal(reported(scenario, evidence({ records: [...crossed, through] })), 1);
  });

  it("take the scenario's own evidence alone: the base pair's verdict stays", () => {
    const { answers } = answersTo(
      ["empty-dir"],
      evidence({ records: [...crossed, through] }),
      evidence({ scenario: "empty-dir", records: missed, final: true }),
    );
    assert.equal(answers.nodes()["k3s-w2"]?.verdict, "success");
    assert.notEqual(answers.nodes()["k3s-w2"]?.scenarios?.["empty-dir"]?.verdict, "success");
  });
});
