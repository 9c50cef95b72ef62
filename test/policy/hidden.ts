/**
 * Ways to hide a pod from `check` that kubectl or kustomize then make: found by running all three on the same files. Each is the
 * files of a directory, and what `check` must end with; `kubectl` or `kustomize` took each of those before they were refused.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { judgeFiles } from "../../cli/check/judge.ts";
import { RULES } from "../../core/rules/index.ts";
import { ALLOWED, FOLDER } from "../core/rules/fixtures.ts";

export interface Hidden {
  readonly what: string;
  readonly files: Readonly<Record<string, string>>;
  /** Of the directory, or of what is named. */
  readonly paths?: readonly string[];
  readonly exit: 0 | 1 | 2;
}

const valid = (name: string): string => readFileSync(join(FOLDER, "valid", name), "utf8");
export const GOOD = valid("consumer.yaml");
export const EVIL = GOOD.replace("spec:\n", "spec:\n  hostPID: true\n");

const text = (what: string, content: string): Hidden => ({ what, files: { "a.yaml": content }, exit: 2 });
const tree = (
  what: string,
  exit: 0 | 1 | 2,
  kustomization: string,
  more: Readonly<Record<string, string>>,
): Hidden => ({
  what,
  exit,
  files: { "kustomization.yaml": kustomization, "good.yaml": GOOD, ...more },
});
const named = (name: string): Hidden =>
  tree(`a resource named ${name}`, 1, `resources: [good.yaml, ${JSON.stringify(name)}]\n`, { [name]: EVIL });

export const HIDDEN: readonly Hidden[] = [
  text("a separator with a comment behind it, which our parser takes for a key", `${GOOD}---#x: |\n${indented(EVIL)}`),
  text("a separator that some read as a text", `${GOOD}---x\n${EVIL}`),
  ...["\u2028", "\u2029", "\u0085", "\r"].map((sign) =>
    text(
      `a line that U+${sign.charCodeAt(0).toString(16)} begins`,
      GOOD.replace("spec:\n", `spec:\n  # note${sign}  hostPID: true\n`),
    ),
  ),
  text("a file wholly of such lines", EVIL.replaceAll("\n", "\u2028")),
  text("a byte order mark in the middle", GOOD.replace("spec:\n", "spec:\n  \uFEFFhostPID: true\n")),
  text(
    "a merge key in quotes",
    GOOD.replace("  nodeName: k3s-w2\n", "").replace("spec:\n", 'spec:\n  "<<": { nodeName: k3s-w2 }\n'),
  ),
  text("a tag", GOOD.replace("spec:\n", "spec:\n  hostPID: !!bool yes\n")),
  text("a directive", `%TAG ! tag:yaml.org,2002:\n---\n${GOOD}`),
  text("a document behind the end of another, which Go does not read", `${GOOD}...\n${GOOD}`),
  text("a mere text", "kind Pod\n"),
  text("a pod with `items`, which kubectl reads as an empty list", GOOD.replace("spec:\n", "items:\nspec:\n")),
  text("a list as a key", `${GOOD}---\n{ apiVersion: v1, kind: Pod }: x\n`),
  tree("a line separator in the list of resources", 2, "resources:\n  - good.yaml # x\u2028  - evil.txt\n", {
    "evil.txt": EVIL,
  }),
  ...["evil.txt", ".evil.yaml", "node_modules/evil.yaml", "evil.YAML", "evil"].map(named),
  { what: "a manifest with a name that hides it", files: { "a.yaml": GOOD, ".evil.yaml": EVIL }, exit: 1 },
  { what: "a manifest in node_modules", files: { "a.yaml": GOOD, "node_modules/evil.yaml": EVIL }, exit: 1 },
  {
    what: "a directory beside the one that is checked",
    files: {
      "a/kustomization.yaml": "resources: [../other]\n",
      "other/kustomization.yaml": "resources: [evil.txt]\n",
      "other/evil.txt": EVIL,
    },
    paths: ["a"],
    exit: 1,
  },
  {
    what: "two kustomizations that name each other",
    files: { "a/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "resources: [../a]\n" },
    paths: ["a"],
    exit: 0,
  },
  tree("a resource that is not there", 2, "resources: [good.yaml, gone.yaml]\n", {}),
  tree("a resource without a kustomization", 2, "resources: [good.yaml, empty]\n", { "empty/a.txt": "" }),
  tree("a kustomization of a kind of its own", 1, "kind: Component\nresources: [good.yaml]\n", {}),
  tree(
    "patches in a kustomization with an empty kind",
    1,
    'kind: ""\napiVersion: ""\nresources: [good.yaml]\npatches: [{ path: good.yaml }]\n',
    {},
  ),
  tree("resources as they should be", 0, "resources: [good.yaml, ./more/good.txt]\n", { "more/good.txt": GOOD }),
];

function indented(lines: string): string {
  return lines.replaceAll(/^/gm, "  ");
}

/** What `npm run check` ends with. */
export function exitOf(paths: readonly string[]): 0 | 1 | 2 {
  const { violations, unreadable } = judgeFiles(paths, ALLOWED, RULES, () => {});
  if (unreadable.length > 0) return 2;
  return violations > 0 ? 1 : 0;
}
