/** What a rule says of itself, in docs/rules.md and to whoever reads its file, is what it does. */
import assert from "node:assert/strict";
import { RULES, type Rule, violationsOf } from "../../../core/rules/index.ts";
import { ALLOWED, fixtures } from "./fixtures.ts";

/** Of no field of an object: only resources of Pulumi have them. See test/policy. */
const OF_PULUMI: Readonly<Record<string, readonly string[]>> = {
  "known-kinds-only": ["(type of a Pulumi resource)"],
  "no-opaque-sources": ["{create,update,delete,dir,stdin}", "apiVersion", "kind", "items"],
};

/** They break another rule as well, so they are no fixtures. */
const MORE: readonly object[] = [
  { apiVersion: "v1", kind: "PersistentVolume", metadata: { name: "x" }, spec: { local: { path: "/etc" } } },
  { apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "x" }, spec: { volumeClaimTemplates: [{}] } },
];

/** A restricted field as a pattern of the paths that violations have. */
function pattern(field: string): RegExp {
  if (field.startsWith("(")) return /^$/;
  const source = field
    .split(/(\[\*\]|\.\*|^\*$|\{[^}]*\})/)
    .map((part, index) => {
      if (index % 2 === 0) return part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
      if (part === "*") return "[^.\\[]+";
      return part.startsWith("{") ? `(${part.slice(1, -1).replaceAll(",", "|")})` : "(\\[[^\\]]+\\]|\\.[^.\\[]+)";
    })
    .join("");
  return new RegExp(`^${source}$`);
}

const paths = new Map<string, string[]>();
// An object within a list, and a template within a Deployment, have their fields where others have them.
for (const document of [...fixtures("invalid").flatMap(({ documents }) => documents), ...MORE])
  for (const { rule, path } of violationsOf(document, ALLOWED))
    paths.set(rule, [...(paths.get(rule) ?? []), path.replace(/^((items\[\d+\]|spec\.template)(\.|$))+/, "")]);

const patterns = ({ restrictions }: Rule) => restrictions.flatMap(({ fields }) => fields.map(pattern));

describe("restrictions of an isolation rule", () => {
  it("know no rule twice", () => {
    assert.equal(new Set(RULES.map(({ id }) => id)).size, RULES.length);
  });

  for (const rule of RULES) {
    it(`name every field that ${rule.id} reports`, () => {
      const known = patterns(rule);
      const unnamed = (paths.get(rule.id) ?? []).filter((path) => !known.some((one) => one.test(path)));
      assert.deepEqual([...new Set(unnamed)], []);
    });

    it(`name no field that ${rule.id} does not report`, () => {
      const broken = paths.get(rule.id) ?? [];
      const idle = rule.restrictions.filter(
        ({ fields }) => !fields.some((field) => broken.some((path) => pattern(field).test(path))),
      );
      const unproven = idle.flatMap(({ fields }) => fields).filter((field) => !OF_PULUMI[rule.id]?.includes(field));
      assert.deepEqual(unproven, []);
    });

    it(`are said in CEL by ${rule.id}, or with the reason why they are not`, () => {
      if ("inexpressible" in rule.cel) assert.match(rule.cel.inexpressible, /^[A-Z].{30,}\.$/);
      else {
        const expressions = [...(rule.cel.pods?.(ALLOWED) ?? []), ...(rule.cel.objects?.(ALLOWED) ?? [])];
        assert.ok(expressions.length > 0);
        for (const expression of expressions) assert.ok(expression.length > 0);
      }
    });
  }
});
