/** What kustomize itself makes of a tree, beside our own reading of its files. */
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { type Document, documentsIn, type Unreadable } from "./files.ts";

/** kustomize takes a fraction of a second; what it cannot build in this time is refused. */
const PATIENCE_MS = 60_000;
const MOST_BYTES = 2 ** 28;

/** The documents of each kustomization, built; nothing where the program is missing. */
export function build(kustomizations: readonly string[], program: string): (Document[] | Unreadable)[] {
  const all: (Document[] | Unreadable)[] = [];
  for (const file of kustomizations) {
    const { error, status, stdout, stderr } = spawnSync(program, ["build", "--", dirname(file)], {
      timeout: PATIENCE_MS,
      maxBuffer: MOST_BYTES,
    });
    if ((error as NodeJS.ErrnoException | undefined)?.code === "ENOENT") return [];
    const shown = `kustomize build ${dirname(file)}`;
    if (status !== 0) {
      const [words = ""] = stderr?.toString("utf8").trim().split("\n") ?? [];
      all.push({ file: shown, words: error ? error.message : `kustomize refuses it: ${words}` });
    } else all.push(read(shown, stdout));
  }
  return all;
}

function read(shown: string, output: Buffer): Document[] | Unreadable {
  try {
    return documentsIn(shown, output);
  } catch (error) {
    return { file: shown, words: error instanceof Error ? error.message : String(error) };
  }
}
