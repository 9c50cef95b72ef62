import assert from "node:assert/strict";
import { RULES, violationsOf } from "../../../core/rules/index.ts";
import { ALLOWED, brokenPods } from "./fixtures.ts";
import { wrappings } from "./wrap.ts";

describe("isolation rules on every kind that bears a pod", () => {
  for (const { name, rule, documents } of brokenPods())
    it(`find ${name} wherever it is`, () => {
      const own = RULES.filter(({ id }) => id === rule);
      for (const { as, object, resource } of wrappings(documents[0] ?? {}))
        assert.ok(violationsOf(object, ALLOWED, own, resource).length > 0, as);
    });
});
