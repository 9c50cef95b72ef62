/** One input, judged by us and by what kubectl and kustomize make of it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { documentsIn } from "../../cli/check/files.ts";
import { judgeFiles } from "../../cli/check/judge.ts";
import { RULES, violationsOf } from "../../core/rules/index.ts";
import { ALLOWED } from "../core/rules/fixtures.ts";
import type { Input } from "./inputs.ts";
import type { Answer } from "./oracle.ts";

type Fields = Readonly<Record<string, unknown>>;

export interface Compared {
  /** What `npm run check` ends with. */
  readonly exit: 0 | 1 | 2;
  /** Whether they make anything of it. */
  readonly made: boolean;
  /** What breaks a rule in what they make of it. */
  readonly breach: string | undefined;
  /** Whether they make something else of what we let pass than we read. */
  readonly differs: boolean;
}

export function compare(input: Input, { objects, error }: Answer): Compared {
  const { exit, read } = "tree" in input ? ofTree(input.tree, input.build) : ofManifest(input.manifest);
  const breach = objects.flatMap((object) => violationsOf(object, ALLOWED)).at(0)?.message;
  const made = objects.length > 0;
  const differs = exit === 0 && read !== undefined && error === undefined && !isDeepStrictEqual(read, objects);
  return { exit, made, breach, differs };
}

function ofManifest(text: string): { readonly exit: 0 | 1 | 2; readonly read: readonly unknown[] | undefined } {
  try {
    const objects = documentsIn("a.yaml", Buffer.from(text, "utf8")).map(({ object }) => object);
    if (objects.length === 0) return { exit: 2, read: undefined };
    const exit = objects.some((object) => violationsOf(object, ALLOWED).length > 0) ? 1 : 0;
    return { exit, read: exit === 0 ? objects.flatMap((object) => flat(object as Fields)) : undefined };
  } catch {
    return { exit: 2, read: undefined };
  }
}

/** As kubectl sends them: lists are nothing but their entries. */
function flat(object: Fields): unknown[] {
  const plain = JSON.parse(JSON.stringify(object)) as Fields;
  if (!Array.isArray(plain.items)) return [plain];
  const kind = String(plain.kind);
  const inherited = kind === "List" ? {} : { apiVersion: plain.apiVersion, kind: kind.replace(/List$/, "") };
  return plain.items.flatMap((item: Fields) => flat({ ...inherited, ...item }));
}

/** In a directory of its own, as it is on disk; kustomize has the same files in memory. */
function ofTree(
  tree: Readonly<Record<string, string>>,
  build: string,
): { readonly exit: 0 | 1 | 2; readonly read: undefined } {
  const folder = mkdtempSync(join(tmpdir(), "fuzz-"));
  try {
    for (const [name, text] of Object.entries(tree)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const { objects, violations, unreadable } = judgeFiles(
      [kustomizationOf(folder, build, tree)],
      ALLOWED,
      RULES,
      () => {},
    );
    return { exit: unreadable.length > 0 || objects === 0 ? 2 : violations > 0 ? 1 : 0, read: undefined };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The file alone, so that what it names is judged only because it names it. */
const kustomizationOf = (folder: string, build: string, tree: Readonly<Record<string, string>>): string =>
  join(
    folder,
    Object.keys(tree).find((name) => dirname(name) === build && /\/(kustomization\.ya?ml|Kustomization)$/.test(name)) ??
      build,
  );
