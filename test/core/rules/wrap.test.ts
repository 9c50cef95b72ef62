import assert from "node:assert/strict";
import { violationsOf } from "../../../core/rules/index.ts";
import { ALLOWED, brokenPods } from "./fixtures.ts";
import { wrappings } from "./wrap.ts";

describe("isolation rules on every kind that bears a pod", () => {
  for (const { name, rule, documents } of brokenPods())
    it(`find ${name} wherever it is`, () => {
      for (const { as, object, resource } of wrappings(documents[0] ?? {})) {
        const rules = violationsOf(object, ALLOWED, undefined, resource).map((one) => one.rule);
        assert.ok(rules.includes(rule), `${as}: ${[...new Set(rules)].join(", ")}`);
      }
    });
});
