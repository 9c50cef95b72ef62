import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../../base/problem.ts";
import { nodesFor, testedIn } from "../../../cli/recipe/nodes.ts";

const A = { verdict: "success", grade: "A", cause: "success" };
const B = { verdict: "success", grade: "B", cause: "success" };
const VERDICT = { verdict: "verdict.json" };

describe("the nodes of a recipe", () => {
  const rows: readonly [what: string, args: Parameters<typeof nodesFor>, nodes: readonly string[], grade: string][] = [
    ["those of the verdict", [VERDICT, { a: A, b: B }, [], undefined], ["a", "b"], "B"],
    ["the one that was named", [VERDICT, { a: A, b: B }, ["a"], ["b"]], ["a"], "A"],
    [
      "those of the verdict and of failover",
      [{ ...VERDICT, failover: ["b"] }, { a: A, b: B }, [], []],
      ["a", "b"],
      "B",
    ],
    ["each once", [{ ...VERDICT, failover: ["a", "b"] }, { a: A, b: A }, ["a"], []], ["a", "b"], "A"],
    ["those of the stack, by the word that none was tested", [{ untested: true }, {}, [], ["a"]], ["a"], "B"],
    ["those of the stack, where it is taken out", [{ remove: true, failover: ["b"] }, {}, [], ["a"]], ["a", "b"], "B"],
    ["none of a stack that has no list", [{ untested: true }, {}, [], "a"], [], "B"],
  ];
  for (const [what, args, nodes, grade] of rows)
    it(`are ${what}`, () => {
      const chosen = nodesFor(...args);
      assert.deepEqual([chosen.nodes, chosen.grade, chosen.faults], [nodes, grade, []]);
    });

  it("are at fault, or untested, where the verdict says nothing of one", () => {
    assert.deepEqual(
      nodesFor(VERDICT, { a: A }, ["z"], []).faults.map(({ key, value }) => [key, value]),
      [["nodes", '"z"']],
    );
    const { faults, untested, grade } = nodesFor({ ...VERDICT, untested: true }, { a: A }, ["z"], []);
    assert.deepEqual([faults, untested, grade], [[], ["z"], "B"]);
  });

  it("need a verdict, or the word that there is none", () => {
    assert.throws(() => nodesFor({}, {}, [], ["a", "b"]), {
      message: "no verdict is given, and a recipe is for nodes that were tested",
      remedy: /npm start -- --node a b --json >verdict\.json.*--untested/,
    });
  });
});

describe("the document of a verdict", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tested-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const read = (text: string) => {
    const file = join(folder, "verdict.json");
    writeFileSync(file, text);
    return testedIn(file);
  };

  it("names its nodes", () => {
    assert.deepEqual(read(JSON.stringify({ run: "r", nodes: { a: A } })), { a: A });
  });

  for (const text of ["", "{", "null", "[]", "{}", '{"nodes":{}}', '{"nodes":null}', '{"nodes":"a"}'])
    it(`is refused where it is ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => read(text),
        (error) => error instanceof UserError && /npm start -- --json/.test(error.remedy),
      );
    });
});
