/** The line in somebody else's file: every form a person may have written, edited and given back byte for byte. */
import { equal, notEqual, throws } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { entryState, ParentError, withEntry } from "../../../core/gitops/entry.ts";
import { parentText } from "./lists.ts";

const ENTRY = "fuse-propagation-test";
const FIXTURES = join(import.meta.dirname, "..", "..", "fixtures", "kustomizations");

/** Lines that are in one text and not in the other. */
function differing(a: string, b: string): number {
  const [before, after] = [a.split("\n"), b.split("\n")];
  return before.length === after.length ? before.filter((line, index) => line !== after[index]).length : Number.NaN;
}

function roundTrip(original: string): void {
  const off = withEntry(original, ENTRY, "off");
  equal(entryState(off, ENTRY), "off", "exported, it is commented out");
  equal(withEntry(off, ENTRY, "off"), off, "a second export changes nothing");
  const on = withEntry(off, ENTRY, "on");
  equal(entryState(on, ENTRY), "on");
  equal(withEntry(on, ENTRY, "on"), on);
  equal(differing(off, on), 1, `enabling is a one-line diff:\n${off}\n---\n${on}`);
  equal(withEntry(on, ENTRY, "off"), off, "disabling undoes enabling");
  equal(withEntry(off, ENTRY, "absent"), original, "removing gives the original back");
  equal(withEntry(on, ENTRY, "absent"), original);
}

describe("a parent kustomization", () => {
  for (const name of readdirSync(join(FIXTURES, "valid")))
    it(`${name} is edited by one line and given back`, () => {
      roundTrip(readFileSync(join(FIXTURES, "valid", name), "utf8"));
    });

  for (const name of readdirSync(join(FIXTURES, "invalid")))
    it(`${name} is refused`, () => {
      const text = readFileSync(join(FIXTURES, "invalid", name), "utf8");
      throws(() => withEntry(text, ENTRY, "off"), ParentError);
    });

  it("in 200 random forms is edited by one line and given back", () => {
    fc.assert(fc.property(parentText, roundTrip), { numRuns: 200 });
  });

  it("in 100 random forms takes a signed reference and gives it back", () => {
    const signed = { signed: true };
    fc.assert(
      fc.property(parentText, (original) => {
        const on = withEntry(original, "testing", "on", signed);
        equal(withEntry(on, "testing", "on", signed), on);
        equal(withEntry(on, "testing", "absent", signed), original);
      }),
      { numRuns: 100 },
    );
  });

  it("keeps an unsigned reference that a person wrote", () => {
    for (const text of ["resources:\n  - testing\n", "resources: [testing]\n", "resources: [\n  ./testing/,\n]\n"])
      equal(withEntry(text, "testing", "absent", { signed: true }), text);
  });

  it("recognises the entry as people write it, on or off", () => {
    const lines = [
      "- fuse-propagation-test",
      "- ./fuse-propagation-test",
      '- "fuse-propagation-test/"',
      "-   fuse-propagation-test  # note",
    ];
    for (const line of lines) {
      equal(entryState(`resources:\n  - a\n  ${line}\n`, ENTRY), "on", line);
      for (const off of [`#${line}`, `# ${line}`, `## ${line}`])
        equal(entryState(`resources:\n  - a\n  ${off}\n`, ENTRY), "off", off);
    }
    equal(entryState("resources:\n  - a\n  # - fuse-propagation-test is not ready\n", ENTRY), "absent");
    equal(entryState("resources:\n  - a\n  # - fuse-propagation-test-2\n", ENTRY), "absent");
    equal(entryState("# - fuse-propagation-test\nresources:\n  - a\n", ENTRY), "absent", "outside the list");
  });

  it("switches a line that a person wrote, keeping its comment", () => {
    const on = "resources:\n- a\n- fuse-propagation-test  # ours\n- b\n";
    const off = "resources:\n- a\n# - fuse-propagation-test  # ours\n- b\n";
    equal(withEntry(on, ENTRY, "off"), off);
    equal(withEntry(off, ENTRY, "on"), on);
    equal(withEntry("resources:\n- a\n#- fuse-propagation-test  # ours\n- b\n", ENTRY, "on"), on);
  });

  it("guards a file that would build to nothing", () => {
    const on = "resources:\n  - fuse-propagation-test\n";
    const off = withEntry(on, ENTRY, "off");
    notEqual(off.indexOf("components: []"), -1, off);
    equal(withEntry(off, ENTRY, "on").includes("- fuse-propagation-test\n"), true);
  });

  it("keeps what others added to a list whose key we added", () => {
    const exported = withEntry("namespace: a\n", ENTRY, "on");
    const used = exported.replace(/$/, "  - other\n");
    const removed = withEntry(used, ENTRY, "absent");
    equal(removed.includes("  - other\n"), true);
    equal(entryState(removed, "other"), "on");
  });
});
