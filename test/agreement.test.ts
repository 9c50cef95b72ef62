import assert from "node:assert/strict";
import { type Answer, agreement, answersOf } from "./bench/agreement.ts";
import type { StartDocument } from "./e2e/sandbox.ts";

const success = { verdict: "success", cause: "success", timings: {} };
const document = (node: object, residue: readonly string[] = []) =>
  ({ nodes: { w2: node }, residue }) as unknown as StartDocument;
const run = (node: object, residue?: readonly string[]): Answer[] => answersOf(document(node, residue), true);
const times = (count: number, answers: Answer[]): Answer[][] => Array.from({ length: count }, () => answers);

describe("many runs of one test", () => {
  const graded = run({ ...success, grade: "A" });

  it("agree where all say the same", () => {
    assert.deepEqual(agreement(times(3, graded)), {
      agreed: true,
      lines: [
        "3 of 3  residue  none",
        "3 of 3  w2  success A success",
        "✓ 3 runs: 0 left a question open, 0 questions have different answers",
      ],
    });
  });

  it("agree where one of twenty left a question open, and not where two did", () => {
    for (const open of [run(success), run({ verdict: "inconclusive", cause: "unknown" }), answersOf(undefined, true)]) {
      assert.equal(agreement([...times(19, graded), open]).agreed, true);
      assert.equal(agreement([...times(18, graded), open, open]).agreed, false);
    }
  });

  it("never agree where one has another answer, in a grade, a finding or what is left", () => {
    const found = (finding: string) =>
      run({ ...success, grade: "A", scenarios: { "daemon-hang": { ...success, finding } } });
    for (const [one, other] of [
      [graded, run({ ...success, grade: "B" })],
      [found("Readers are back."), found("Readers are not back.")],
      [graded, run({ ...success, grade: "A" }, ["w2: mount fuse.rclone /tmp/x"])],
    ] as const)
      assert.equal(agreement([...times(19, one), other]).agreed, false);
    assert.equal(agreement([...times(19, found("Readers are back.")), found("Not answered: busy.")]).agreed, true);
  });
});
