import assert from "node:assert/strict";
import { choose, otherDaemons } from "../../../core/recipe/verdict.ts";

const A = { verdict: "success", grade: "A", cause: "success" };
const B = { verdict: "success", grade: "B", cause: "success" };
const C = { verdict: "failure", grade: "C", cause: "node-root-private" };
const ungraded = { verdict: "success", cause: "success" };
const open = { verdict: "inconclusive", cause: "image-unavailable" };

describe("what a verdict allows", () => {
  const rows: readonly [
    what: string,
    tested: Parameters<typeof choose>[0],
    wanted: readonly string[],
    nodes: readonly string[],
    grade: string | undefined,
    refused: readonly string[],
    untested: readonly string[],
  ][] = [
    ["the node that has passed", { a: A }, [], ["a"], "A", [], []],
    ["those that have passed, not those that have failed", { a: A, b: C }, [], ["a"], "A", [], []],
    ["the lowest grade of several", { a: A, b: B }, [], ["a", "b"], "B", [], []],
    ["only the node that was asked for", { a: A, b: B }, ["a"], ["a"], "A", [], []],
    ["no node of grade C", { b: C }, [], ["b"], undefined, ["b"], []],
    ["no node of grade C that was asked for", { a: A, b: C }, ["a", "b"], ["a", "b"], "A", ["b"], []],
    ["no node without a grade", { a: ungraded }, [], ["a"], undefined, ["a"], []],
    ["no node without an answer", { a: open }, [], ["a"], undefined, ["a"], []],
    ["a node that was never tested, as for grade B", { a: A }, ["a", "z"], ["a", "z"], "B", [], ["z"]],
  ];
  for (const [what, tested, wanted, nodes, grade, refused, untested] of rows)
    it(`is ${what}`, () => {
      const chosen = choose(tested, wanted, true);
      assert.deepEqual([chosen.nodes, chosen.grade, chosen.untested], [nodes, grade, untested]);
      assert.deepEqual(
        chosen.faults.map(({ value }) => value),
        refused.map((node) => JSON.stringify(node)),
      );
      for (const { remedy } of chosen.faults) assert.match(remedy, /npm start -- --node \w+ --json/);
    });

  it("is no node of which it says nothing, unless that is said", () => {
    const { faults } = choose({ a: A }, ["a", "z"]);
    assert.deepEqual(
      faults.map(({ key, value }) => [key, value]),
      [["nodes", '"z"']],
    );
    // The verdict has to have all of them.
    assert.match(
      faults[0]?.remedy ?? "",
      /says nothing of it.*`npm start -- --node a z --json >verdict\.json`.*--untested/,
    );
  });

  it("is about the daemon that was tested: another one is reported", () => {
    const recipe = { nodes: ["a"], driver: "bindfs" as const, image: "x:2" };
    const notes = (daemon?: object) => otherDaemons({ a: daemon ? { ...A, daemon } : A }, recipe);
    assert.deepEqual(notes(), []);
    assert.deepEqual(notes({ driver: "bindfs", image: "x:2" }), []);
    assert.deepEqual(notes({ driver: "unknown", image: "unknown" }), []);
    assert.deepEqual(notes({ driver: "rclone", image: "x:1" }), [
      "a was tested with driver rclone and image x:1: try this one there as well, with --set driver=bindfs producerImage=x:2",
    ]);
  });
});
