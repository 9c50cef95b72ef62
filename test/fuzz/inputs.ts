/** Inputs that may mean one thing to us and another to kubectl and kustomize: fine manifests, hostile ones, and what hides them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dump } from "js-yaml";
import { type Fields, FOLDER, fixtures } from "../core/rules/fixtures.ts";
import type { Random } from "./random.ts";

/** Files by their path in a directory; of one file the name says nothing. */
export type Input =
  | { readonly manifest: string }
  | { readonly tree: Readonly<Record<string, string>>; readonly build: string };

const single = (kind: "valid" | "invalid") =>
  fixtures(kind).filter(({ documents }) => documents.length === 1 && documents[0]?.kind === "Pod");
const GOOD = single("valid").map(({ file }) => readFileSync(file, "utf8"));
const EVIL = single("invalid").map(({ file }) => readFileSync(file, "utf8"));
const CONSUMER = readFileSync(join(FOLDER, "valid", "consumer.yaml"), "utf8");

/** Of a pod, what makes it hostile where it is read: at the level of `spec`, and in a container. */
const BREACHES = ["hostPID: true", "hostNetwork: yes", "hostIPC: on", "nodeName: other", "runtimeClassName: x"];

const BREAKS = ["\n", "\r\n", "\r", "\u0085", "\u2028", "\u2029", "\n\n", "\n#", "\v", "\f"];
const TOKENS = [
  ...BREAKS,
  ...[
    "---",
    "---\n",
    "\n---\n",
    "\n---#x\n",
    "\n---#x: |\n",
    "\n--- #x\n",
    "\n--- |\n",
    "\n---\t\n",
    "\n--- x\n",
    "\n...\n",
    "\n... \n---\n",
  ],
  ...[
    "\t",
    " ",
    "  ",
    "#",
    " #",
    "\t#",
    ":",
    " :",
    ": ",
    ":\t",
    "- ",
    "-",
    "? ",
    "?",
    "|\n",
    "|+\n",
    "|2\n",
    ">-\n",
    "> #x\n",
    "|1-\n",
  ],
  ...["'", '"', "''", '""', "\\", "\\\n", '\\"', "\\x0a", "[", "]", "{", "}", ",", "[]", "{}", "{ ", " }"],
  ...[
    "&a ",
    "&a",
    "*a",
    "*a ",
    "<<: *a\n",
    "<<: ",
    "<<",
    '"<<": ',
    "!!str ",
    "!!map ",
    "! ",
    "!x ",
    "!<x> ",
    "%YAML 1.1\n",
    "%TAG ! x:\n",
  ],
  ...[
    "\uFEFF",
    "\0",
    "\u00A0",
    "\u3000",
    "\u200B",
    "\x7F",
    "\uFFFD",
    "\u{1F600}",
    "~",
    "null",
    "yes",
    "no",
    "on",
    "0x1f",
    "010",
    "1e3",
    ".5",
  ],
  ...[
    "@",
    "`",
    "%",
    "=",
    "__proto__: ",
    "items: ",
    "Items: ",
    "Kind: ",
    "kind: List\nitems:\n- ",
    "apiVersion: v1\n",
    "kind: Pod\n",
    "spec:\n  ",
  ],
  ...BREACHES,
  ...BREACHES.map((line) => `  ${line}\n`),
  ...BREACHES.map((line) => `{ ${line} }`),
];

const SEPARATORS = [
  ...[
    "---\n",
    "--- \n",
    "---\t\n",
    "--- # x\n",
    "---#x\n",
    "---#x: |\n",
    "---#x: >-\n",
    "---\r\n",
    "---\r",
    "--- |\n",
    "--- >\n",
    "---x\n",
    "---\u2028",
  ],
  ...[
    "...\n",
    "... \n",
    "...\n---\n",
    "... # x\n---\n",
    "....\n",
    "---\n---\n",
    "---\n...\n---\n",
    "\n---",
    "\u0085---\n",
    "\u2028---\n",
    "--- {}\n",
    "--- ''\n",
  ],
  ...[
    "--- &a\n",
    "--- !!map\n",
    "%YAML 1.1\n---\n",
    "...\n%YAML 1.1\n---\n",
    "---  \t #\n",
    "----\n",
    "--\n",
    "- --\n",
    " ---\n",
    "x: |\n",
    "x: '\n",
    "# \\\n",
    "\f---\n",
  ],
];

const indented = (text: string, by: number) => text.replaceAll(/^(?=.)/gm, " ".repeat(by));
const json = (documents: readonly Fields[]) => documents.map((document) => JSON.stringify(document)).join("\n");

export function input(random: Random): Input {
  if (random.once(4)) return tree(random);
  let text = manifest(random);
  for (let left = random.below(4); left > 0; left--) text = mutated(text, random);
  return { manifest: text };
}

/** Where the hostile part stands, before anything is mutated. */
function manifest(random: Random): string {
  const good = random.once(3) ? random.of(GOOD) : CONSUMER;
  const evil = random.of(EVIL);
  switch (random.below(9)) {
    case 0:
      return good;
    case 1:
      return good + random.of(SEPARATORS) + evil;
    case 2:
      return good + random.of(SEPARATORS) + indented(evil, 2);
    case 3:
      return hiddenLine(good, random);
    case 4:
      return lists(evil, random);
    case 5: {
      const documents = [
        ...(random.of(single("valid")).documents ?? []),
        ...(random.once(2) ? random.of(single("invalid")).documents : []),
      ];
      return random.once(2)
        ? json(documents)
        : documents.map((one) => dump(one, { flowLevel: random.below(5) })).join(random.of(SEPARATORS));
    }
    case 6:
      return anchored(good, random);
    case 7:
      return repeated(good, random);
    default:
      return evil;
  }
}

/** A breach at its level, behind something that may turn it into a comment or a text for one reader. */
function hiddenLine(good: string, random: Random): string {
  const before = random.of([
    "# x",
    "  # x",
    "  a: b #",
    "  a: |",
    "  a: >-",
    "  a: 'x",
    '  a: "x',
    "  a: x\\",
    "  ? x",
    "  a: [",
    "  a: {",
    "  - x",
    "  a:",
  ]);
  const after = random.of(["", "", "  '", '  "', "  ]", "  }", "  : x"]);
  const line = `${before}${random.of(BREAKS)}${random.of(["  ", "   ", "    ", "\t", " ", ""])}${random.of(BREACHES)}\n${after}\n`;
  return good.replace("spec:\n", `spec:\n${line}`);
}

/** Deep lists, lists that call themselves something else, and lists of other spellings. */
function lists(evil: string, random: Random): string {
  const kinds = ["List", "PodList", "ConfigMapList", "Pod", "list", "", "ResourceList"];
  const key = random.of(["items", "items", "items", "Items", '"items"', "functionConfig"]);
  let text = evil.replace(/^#.*\n/, "");
  for (let depth = random.of([1, 1, 2, 9, 12, 40]); depth > 0; depth--)
    text = `apiVersion: v1\nkind: ${random.of(kinds)}\n${key}:\n  - ${indented(text, 4).trimStart()}`;
  return text;
}

function anchored(good: string, random: Random): string {
  const breach = random.of(BREACHES);
  const merge = random.of([
    "<<: *a",
    "<<: [*a]",
    '"<<": *a',
    "'<<': *a",
    "<<: { %s }",
    "? <<\n  : *a",
    "<< : *a",
    "!!merge <<: *a",
    "*a : x",
    "<<: *b",
  ]);
  const line = merge.replace("%s", breach);
  const text = random.once(2) ? good.replace("spec:\n", `spec:\n  ${line}\n`) : `${good}  ${line}\n`;
  return `x: &a { ${breach} }\n${random.once(3) ? `y: &b { <<: *a }\n` : ""}${text}`;
}

/** A key twice: the last wins. */
function repeated(good: string, random: Random): string {
  const [key = "", value = ""] = random.of(BREACHES).split(": ");
  const spelt = random.of([key, `"${key}"`, `'${key}'`, `? ${key}\n `, `${key} `, key.toUpperCase(), `${key}\t`]);
  const lines = random.of([
    `  ${key}: ${value}\n  ${spelt}: ${value}\n`,
    `  ${key}: ${value}\n  ${spelt}: null\n`,
    `  ${spelt}: ${value}\n`,
  ]);
  return random.once(2) ? good.replace("spec:\n", `spec:\n${lines}`) : `${good}spec:\n${lines}`;
}

function mutated(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  switch (random.below(9)) {
    case 0:
    case 1:
    case 2:
      return text.slice(0, at) + random.of(TOKENS) + text.slice(at);
    case 3:
      return text.slice(0, at) + text.slice(at + 1 + random.below(3));
    case 4: {
      const lines = text.split("\n");
      const line = random.below(lines.length);
      lines.splice(line, random.below(2), random.of([...lines, ...TOKENS]));
      return lines.join("\n");
    }
    case 5: {
      const lines = text.split("\n");
      const line = random.below(lines.length);
      const one = lines[line] ?? "";
      lines[line] = random.of([
        ` ${one}`,
        `  ${one}`,
        one.replace(/^ /, ""),
        one.replace(/^ {2}/, ""),
        one.replace(/^ {2}/, "\t"),
        `# ${one}`,
        `${one} #`,
      ]);
      return lines.join("\n");
    }
    case 6:
      return text.replace(random.of([": ", "\n", "  ", "- ", ", ", "{", "}"]), random.of(TOKENS));
    case 7: {
      const lines = text.split("\n");
      const line = random.below(lines.length);
      lines[line] = `${lines[line]}${random.of(BREAKS)}${random.of(["  ", "    ", ""])}${random.of(BREACHES)}`;
      return lines.join("\n");
    }
    default:
      return text.slice(0, at) + random.of(TOKENS) + text.slice(at).replace("\n", random.of(BREAKS));
  }
}

const FIELDS = [
  ...[
    "namePrefix: x-",
    "nameSuffix: -x",
    "namespace: other",
    "namespace: fuse-test",
    "commonLabels: { a: b }",
    "commonAnnotations: { a: b }",
  ],
  ...[
    "images: [{ name: rclone/rclone, newTag: latest }]",
    "replicas: [{ name: x, count: 2 }]",
    "buildMetadata: [originAnnotations]",
  ],
  "labels: [{ pairs: { x: other }, fields: [{ path: spec/nodeName, create: true }] }]",
  "labels: [{ pairs: { x: other }, Fields: [{ path: spec/nodeName, create: true }] }]",
  "labels: [{ pairs: { a: b }, includeSelectors: true, includeTemplates: true }]",
  "commonAnnotations: { container.apparmor.security.beta.kubernetes.io/fuse-consumer: unconfined }",
  "commonAnnotations: { kustomize.toolkit.fluxcd.io/prune: disabled }",
  "commonLabels: { kustomize.toolkit.fluxcd.io/prune: disabled }",
  'patches: [{ target: { kind: Pod }, patch: "- { op: add, path: /spec/hostPID, value: true }" }]',
  'Patches: [{ target: { kind: Pod }, patch: "- { op: add, path: /spec/hostPID, value: true }" }]',
  'patchesJson6902: [{ target: { version: v1, kind: Pod, name: fuse-consumer }, patch: "[{ op: add, path: /spec/hostPID, value: true }]" }]',
  "patchesStrategicMerge: [evil.txt]",
  "components: [component]",
  "bases: [base]",
  "Resources: [evil.txt]",
  "RESOURCES:\n- evil.txt",
  "secretGenerator: [{ name: x, literals: [a=b] }]",
  "configMapGenerator: [{ name: fuse-probe, literals: [a=b] }]",
  "generatorOptions: { labels: { a: b } }",
  "transformers: [evil.txt]",
  "generators: [evil.txt]",
  "replacements: [{ source: { kind: Pod, fieldPath: metadata.name }, targets: [{ select: { kind: Pod }, fieldPaths: [spec.nodeName], options: { create: true } }] }]",
  "vars: []",
  "openapi: {}",
  "crds: []",
  "sortOptions: { order: fifo }",
  "metadata: { name: x }",
  "kind: Component",
  'kind: ""',
];

/** Names under which kustomize may find what it builds from. */
const NAMES = [
  "evil.txt",
  ".evil.yaml",
  "evil",
  "evil.YAML",
  "node_modules/evil.yaml",
  "sub/evil.yml",
  "a b.yaml",
  "evil.yaml\n",
  "kustomization",
  "-",
  "~",
  "x.json",
];

function tree(random: Random): Input {
  const good = CONSUMER;
  const evil = random.of(EVIL);
  const name = random.of(NAMES);
  const entry = random.of([
    name,
    `./${name}`,
    `../root/${name}`,
    `sub/../${name}`,
    `/root/${name}`,
    `other/../${name}`,
  ]);
  const spelt = random.of([
    entry,
    JSON.stringify(entry),
    `'${entry}'`,
    `${entry} # x`,
    `&a ${entry}`,
    `"${entry.replace("e", "\\x65")}"`,
  ]);
  const list = random.of([
    `resources: [good.yaml, ${spelt}]\n`,
    `resources:\n- good.yaml\n- ${spelt}\n`,
    `resources:\n- good.yaml # x${random.of(BREAKS)}- ${spelt}\n`,
    `resources: [good.yaml]\n${random.of(["resources", "Resources", '"resources"'])}: [good.yaml, ${spelt}]\n`,
    "resources: [good.yaml]\n",
    `resources: [good.yaml, ${random.of(["../other", "other", "../other/", "./../other", "../other/kustomization.yaml"])}]\n`,
  ]);
  const fields = Array.from({ length: random.below(3) }, () => `${random.of(FIELDS)}\n`);
  let kustomization = random.once(2) ? list + fields.join("") : fields.join("") + list;
  if (random.once(3)) kustomization = mutated(kustomization, random);
  let content = random.once(3) ? evil : manifest(random);
  if (random.once(4)) content = mutated(content, random);
  const file = random.of(["kustomization.yaml", "kustomization.yaml", "kustomization.yml", "Kustomization"]);
  const files: Record<string, string> = { [`root/${file}`]: kustomization, "root/good.yaml": good };
  for (const path of [`root/${name}`, "root/evil.txt"]) files[path] ??= content;
  files["root/other/kustomization.yaml"] = "resources: [x]\n";
  files["root/other/x"] = content;
  files["other/kustomization.yaml"] = "resources: [good.txt]\n";
  files["other/good.txt"] = random.once(2) ? content : good;
  files["root/component/kustomization.yaml"] =
    `apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n${random.of(FIELDS)}\n`;
  files["root/base/kustomization.yaml"] = "resources: [x]\n";
  files["root/base/x"] = evil;
  return { tree: files, build: "root" };
}
