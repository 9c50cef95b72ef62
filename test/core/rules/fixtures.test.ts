import assert from "node:assert/strict";
import { RULES, violationsOf } from "../../../core/rules/index.ts";
import { ALLOWED, fixtures } from "./fixtures.ts";

const LEAST_A_RULE = 3;

describe("isolation rules on fixtures", () => {
  for (const { name, documents } of fixtures("valid"))
    it(`let ${name} through`, () => {
      assert.deepEqual(
        documents.flatMap((document) => violationsOf(document, ALLOWED)),
        [],
      );
    });

  for (const { name, rule, documents } of fixtures("invalid"))
    it(`flag ${name} by ${rule} and by no other`, () => {
      const violations = documents.flatMap((document) => violationsOf(document, ALLOWED));
      assert.deepEqual([...new Set(violations.map((one) => one.rule))], [rule], JSON.stringify(violations, null, 1));
      const { remedy } = RULES.find(({ id }) => id === rule) ?? {};
      for (const { message, path, kind } of violations) {
        assert.ok(remedy && message.includes(remedy), message);
        assert.ok(message.includes(path), message);
        assert.ok(kind === "" || message.startsWith(kind), message);
        assert.ok(!message.includes("\n"), message);
      }
    });

  it("has several ways to break each rule", () => {
    const rules = fixtures("invalid").map(({ rule }) => rule);
    for (const { id } of RULES) assert.ok(rules.filter((rule) => rule === id).length >= LEAST_A_RULE, id);
  });
});
