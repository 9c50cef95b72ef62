/** The setting `markerFile` and the rules, which cannot call its check, take the same paths. */
import assert from "node:assert/strict";
import { allowedBy } from "../../../core/rules/index.ts";
import { privilegedContainers } from "../../../core/rules/privilegedContainers.ts";
import { parseSettings } from "../../../core/settings/settings.ts";
import { markerFileFault } from "../../../core/settings/validators.ts";

const PATHS = [
  ...[
    "version.txt",
    "films/version.txt",
    "a/b/c",
    ".hidden",
    "a/.hidden",
    "..a",
    "a..",
    "...",
    "ä",
    "a'b",
    'a"b',
    "-a",
  ],
  ...["/a", "a/", "a//b", "/", ".", "..", "./a", "../a", "a/./b", "a/../b", "a/.", "a/.."],
  ...["a b", " a", "a\tb", "a\nb", "a\u0000b", "a\u0085b", "a\u00a0b", "a\u2028b", "a\ufeffb", "a\\b", "a$b", "$A"],
];

describe("a marker file", () => {
  const settings = parseSettings({ nodes: ["a"], driver: "command", command: "exec daemon" });
  const [producer] = privilegedContainers(allowedBy(settings));
  const known = producer?.environment.MARKER_FILE;
  for (const path of PATHS)
    it(`${JSON.stringify(path)} is taken by both or by none`, () => {
      assert.ok(known && "matches" in known);
      const allowed = new RegExp(known.matches, "u").test(path) && !new RegExp(known.butNot ?? "$^", "u").test(path);
      assert.equal(allowed, markerFileFault(path) === undefined);
    });
});
