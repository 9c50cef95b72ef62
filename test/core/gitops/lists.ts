/** Random kustomization files in the ways people write them; none has the test's entry. */
import fc from "fast-check";

const item = fc.constantFrom(
  "apps",
  "./infrastructure",
  "../base/",
  "media/sonarr",
  "https://github.com/a/b//c?ref=v1",
  "flux-system",
  "web.yaml",
);
const quoted = fc.tuple(item, fc.constantFrom("", '"', "'")).map(([name, quote]) => quote + name + quote);
const note = fc.constantFrom("", "", " # keep", "   # - not-an-entry", " #x");
const filler = fc.constantFrom("", "# a comment", "  # - disabled-app", "#- old", "# resources:", "  ");

/** The list `resources`, or none. */
const resources = fc.oneof(
  // Block, with its own indentation, comments and empty lines between the items.
  fc
    .tuple(
      fc.constantFrom("", "  ", "    "),
      fc.array(fc.tuple(quoted, note, fc.option(filler)), { minLength: 1, maxLength: 5 }),
      note,
    )
    .map(([indent, items, comment]) => [
      `resources:${comment}`,
      ...items.flatMap(([name, after, before]) => [...(before === null ? [] : [before]), `${indent}- ${name}${after}`]),
    ]),
  fc
    .tuple(fc.array(quoted, { maxLength: 3 }), note, fc.constantFrom("", " "), fc.constantFrom("", ","))
    .map(([items, comment, pad, comma]) => [
      `resources: [${pad}${items.join(", ")}${items.length > 0 ? comma : ""}${pad}]${comment}`,
    ]),
  fc
    .tuple(fc.array(quoted, { maxLength: 3 }), note, fc.constantFrom("", "  "))
    .map(([items, comment, indent]) => [
      `resources: [${comment}`,
      ...items.map((name) => `${indent}  ${name},`),
      `${indent}]`,
    ]),
  fc
    .tuple(fc.array(quoted, { minLength: 2, maxLength: 3 }), note)
    .map(([items, comment]) => `resources: [${items.join(",\n  ")}]${comment}`.split("\n")),
  note.map((comment) => [`resources:${comment}`]),
  fc.constant(["resources: &list", "  - a", "  - b"]),
  fc.constant(['"resources":', "- a"]),
  fc.constant([]),
);

const field = fc.constantFrom(
  ["apiVersion: kustomize.config.k8s.io/v1beta1"],
  ["kind: Kustomization"],
  ["namespace: media   # theirs"],
  ["namePrefix: 'x-'"],
  ["generatorOptions: { disableNameSuffixHash: true }"],
  ["components: []"],
  ["labels:", "- pairs: {a: b}", "  includeSelectors: false"],
  ["images:", "  - name: nginx", '    newTag: "1.27"  # - fuse-propagation-test'],
  [
    "patches:",
    "  - target: {kind: Pod}",
    "    patch: |-",
    "      - op: add",
    "        path: /a",
    "        # - not ours",
    "        value: x",
  ],
  ["commonAnnotations:", "  note: >", "    folded", "", "    text"],
  ["unknownField: [1, {a: b}]"],
);

export const parentText: fc.Arbitrary<string> = fc
  .record({
    fields: fc.uniqueArray(field, { maxLength: 6, selector: (lines) => lines[0] }),
    resources,
    at: fc.nat(6),
    fillers: fc.array(filler, { maxLength: 4 }),
    start: fc.constantFrom("", "", "---\n", "# top\n---\n", "\ufeff", "# top\n\n"),
    end: fc.constantFrom("\n", "\n", "\r\n"),
    final: fc.boolean(),
  })
  .map(({ fields, resources: list, at, fillers, start, end, final }) => {
    const parts = [...fields.slice(0, at), list, ...fields.slice(at)];
    const lines = parts.flatMap((part, index) => [...part, ...(fillers[index] === undefined ? [] : [fillers[index]])]);
    const text = start + lines.join("\n") + (final ? "\n" : "");
    return text.replaceAll("\n", end);
  });
