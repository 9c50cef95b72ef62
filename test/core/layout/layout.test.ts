import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { applyPatch, type Operation } from "rfc6902";
import { parseAllDocuments } from "yaml";
import { FINDINGS, type Finding, layoutOf, type Manifest } from "../../../core/layout/index.ts";

const LAYOUTS = join(import.meta.dirname, "..", "..", "fixtures", "layouts");

interface Fixture {
  readonly name: string;
  readonly text: string;
}

const fixtures = (folder: "broken" | "sound"): Fixture[] =>
  readdirSync(join(LAYOUTS, folder)).map((name) => ({ name, text: readFileSync(join(LAYOUTS, folder, name), "utf8") }));

/** Each document, those of a List apart, so that a patch has its object. */
const manifestsOf = ({ name, text }: Fixture): Manifest[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as { readonly kind?: string; readonly items?: unknown[] })
    .flatMap((object) => (object.kind === "List" ? (object.items ?? []) : [object]))
    .map((object) => ({ file: name, object }));

const expected = ({ text }: Fixture): string[] =>
  (/^# finds: (.*)$/m.exec(text)?.[1] ?? "").split(" ").filter(Boolean).sort();

const idsOf = (findings: readonly Finding[]): string[] => [...new Set(findings.map(({ id }) => id))].sort();

const named = (object: unknown): string => {
  const { kind, metadata } = object as {
    readonly kind: string;
    readonly metadata: { name: string; namespace?: string };
  };
  return `${kind} ${metadata.namespace ?? "default"}/${metadata.name}`;
};

describe("a layout of manifests", () => {
  for (const fixture of fixtures("broken"))
    it(`is broken: ${fixture.name}`, () => {
      const { findings } = layoutOf(manifestsOf(fixture));
      assert.deepEqual(idsOf(findings), expected(fixture), JSON.stringify(findings, null, 2));
      for (const { message, path, object, file } of findings) {
        assert.ok(message.length > 40 && path && object.includes("/") && file === fixture.name, message);
        assert.doesNotMatch(message, /undefined|\[object/);
      }
    });

  for (const fixture of fixtures("sound"))
    it(`is sound: ${fixture.name}`, () => {
      const { findings } = layoutOf(manifestsOf(fixture));
      assert.deepEqual(findings, []);
    });

  it("has each kind of finding among the broken ones", () => {
    assert.deepEqual([...new Set(fixtures("broken").flatMap(expected))].sort(), Object.keys(FINDINGS).sort());
  });

  for (const fixture of fixtures("broken"))
    it(`is repaired by the patches that its findings give: ${fixture.name}`, () => {
      const manifests = manifestsOf(fixture);
      const before = layoutOf(manifests).findings;
      const patched = structuredClone(manifests) as { file: string; object: unknown }[];
      let sentences = 0;
      for (const { fix, object } of before) {
        if (!fix.startsWith("[")) {
          sentences++;
          continue;
        }
        const target = patched.find((one) => named(one.object) === object);
        assert.ok(target, object);
        const errors = applyPatch(target.object, JSON.parse(fix) as Operation[]);
        assert.deepEqual(errors.filter(Boolean), [], fix);
      }
      const after = layoutOf(patched).findings;
      const errors = after.filter(({ severity }) => severity === "error");
      // A fix in words is nobody's patch.
      if (sentences > 0) return assert.ok(errors.length <= before.length, JSON.stringify(after));
      assert.deepEqual(errors, []);
      assert.deepEqual(
        idsOf(after).filter((id) => expected(fixture).includes(id)),
        [],
      );
    });
});
