import assert from "node:assert/strict";
import { ERRNOS } from "../../../core/contract/fields.ts";
import { CONTROL, READER_ROLES, type Role } from "../../../core/contract/readers.ts";
import { parseRecord, RESULTS, STEPS, type Step } from "../../../core/contract/records.ts";
import { type Call, callsIn, filesOf, SCRIPTS } from "./shell.ts";

const calls = Object.keys(SCRIPTS).flatMap((file) => callsIn(file));
const WRITERS: Readonly<Record<string, readonly Role[]>> = {
  producer: ["producer"],
  consumer: [CONTROL.role, ...READER_ROLES],
  turn: ["turn"],
};
const programsOf = (file: string) => Object.keys(WRITERS).filter((program) => filesOf(program).includes(file));
const sorted = (all: Iterable<string>) => [...new Set(all)].sort();

/** Every step, its results and its fields as one list. */
const listed = (found: readonly Pick<Call, "step" | "results" | "fields">[]) =>
  sorted(found.map(({ step }) => step)).map((step) => {
    const own = found.filter((one) => one.step === step);
    return {
      step,
      results: sorted(own.flatMap((one) => one.results)),
      fields: sorted(own.flatMap((one) => one.fields)),
    };
  });

/** The words that a field of the contract lists; undefined where it holds any text. */
function wordsOf(field: object): readonly string[] | undefined {
  const { unwrap } = field as {
    readonly unwrap?: () => { readonly options?: readonly { readonly options?: string[] }[] };
  };
  return unwrap?.call(field).options?.[0]?.options;
}

describe("the contract of records", () => {
  it("lists every step that the scripts record, with the same results and fields, and no other", () => {
    const contract = Object.entries(STEPS).map(([step, { results, fields }]) => ({
      step,
      results,
      fields: Object.keys(fields),
    }));
    assert.deepEqual(listed(calls), listed(contract));
  });

  it("names as writers of a step only whom its script can be, and one of each script that records it alone", () => {
    for (const [step, { by }] of Object.entries(STEPS)) {
      const files = sorted(calls.filter((call) => call.step === step).map(({ file }) => file));
      const possible = files.flatMap(programsOf).flatMap((program) => WRITERS[program] ?? []);
      for (const role of by) assert.ok(possible.includes(role), `${role} cannot record ${step}`);
      for (const file of files) {
        const [program, ...others] = programsOf(file);
        const own = WRITERS[program ?? ""] ?? [];
        if (others.length === 0)
          assert.ok(
            own.some((role) => (by as readonly Role[]).includes(role)),
            `${file} ${step}`,
          );
      }
    }
  });

  it("lists the words of a field that the scripts write out, and no word that they do not know", () => {
    for (const { step, literal } of calls)
      for (const [field, value] of Object.entries(literal)) {
        const words = wordsOf((STEPS[step as Step].fields as Record<string, object>)[field] ?? {});
        assert.ok(words?.includes(value) ?? true, `${step} ${field} ${value}`);
      }
    for (const [step, { fields }] of Object.entries(STEPS)) {
      const scripts = ["lib.sh", ...calls.filter((call) => call.step === step).map(({ file }) => file)].map(
        (file) => SCRIPTS[file] ?? "",
      );
      for (const [field, schema] of Object.entries(fields))
        for (const word of wordsOf(schema) ?? [])
          assert.ok(
            scripts.some((text) => new RegExp(`(?<![\\w-])${word}(?![\\w-])`).test(text)),
            `${step} ${field} ${word}`,
          );
    }
  });

  it("lists the errors that the probe names", () => {
    const named = [...(SCRIPTS["lib.sh"] ?? "").matchAll(/\) echo (\w+) ;;/g)].map(([, errno = ""]) => errno);
    assert.deepEqual(sorted(named), [...ERRNOS]);
  });

  it("is compared with the scripts by what they say, whatever stands around it", () => {
    const script = [
      "# record nothing ok",
      '[ "$a" = b ] || record some "$seen" "a; b $(cat "$words")" \\',
      '  path "$(one | two)" kind late more "$x"',
      "case $a in x) seen=ok ;; *) seen=error ;; esac",
      'give_up other "text" "$out" mountinfo "$stale"',
    ].join("\n");
    assert.deepEqual(callsIn("x.sh", script), [
      {
        file: "x.sh",
        step: "some",
        results: ["ok", "error"],
        fields: ["path", "kind", "more"],
        literal: { kind: "late" },
      },
      { file: "x.sh", step: "other", results: ["error"], fields: ["mountinfo", "errno", "detail"], literal: {} },
    ]);
  });
});

describe("a line of a log", () => {
  const line = { time: "t", uptime: 1, run: "r", node: "n", role: "default", step: "read", result: "ok" };
  const parsed = (more: object) => parseRecord(JSON.stringify({ ...line, ...more }));

  it("is a record with all that it holds, whoever wrote it", () => {
    for (const more of [
      { nonce: "a", looked: "1" },
      { step: "news", errno: "EIO", more: "x" },
      { role: "somebody", mountinfo: "" },
      { step: "doubt", kind: "new" },
      { step: "settle", errno: "EIO" },
    ])
      assert.deepEqual(parsed(more), { ...line, ...more });
  });

  it("is none where it is torn, of no run, node, time, role or step, or where a field is no text", () => {
    const text = JSON.stringify(line);
    for (const torn of ["", "{", text.slice(0, -1), ` ${text}`, '{"time":"', "{}", "null"])
      assert.equal(parseRecord(torn), undefined, torn);
    for (const key of Object.keys(line)) assert.equal(parsed({ [key]: undefined }), undefined, key);
    for (const more of [{ uptime: "1" }, { uptime: -1 }, { role: "" }, { step: "" }, { step: 1 }, { result: "fine" }])
      assert.equal(parsed(more), undefined, JSON.stringify(more));
    for (const more of [{ nonce: 1 }, { looked: 1 }, { errno: null }, { step: "news", detail: {} }])
      assert.equal(parsed(more), undefined, JSON.stringify(more));
  });

  it("may name what every object has, and is a record of an unlisted step then", () => {
    for (const step of ["constructor", "__proto__", "toString"]) assert.equal(parsed({ step })?.step, step);
    assert.deepEqual(RESULTS, ["ok", "error", "info"]);
  });
});
