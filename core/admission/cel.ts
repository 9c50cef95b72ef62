import type { Rule } from "../rules/rule.ts";
import type { Validation } from "./types.ts";

/** A value as a CEL literal: JSON is one, but for maps' keys, which are texts in both. */
export const cel = (value: string | readonly string[] | Readonly<Record<string, string>>): string =>
  // CEL knows JSON's escapes, \u among them; it has no \/.
  JSON.stringify(value);

/** Lines of an expression, joined as the API server stores them. */
export const lines = (...parts: readonly string[]): string => parts.join("\n");

/** A rule said in CEL. */
export const validation = ({ id, title, remedy }: Rule, expression: string): Validation => ({
  expression,
  message: `${id}: ${title} ${remedy[0]?.toUpperCase()}${remedy.slice(1)}.`,
  reason: "Forbidden",
});
