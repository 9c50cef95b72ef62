/** The fixtures of the isolation rules: one broken fact a file, named for the fault, its rule in the first line. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readYaml } from "../../../cli/check/yaml.ts";
import { type Allowed, allowedBy } from "../../../core/rules/index.ts";
import { DEFAULTS } from "../../../policy/defaults.ts";
import { probeScripts } from "../../../probe/scripts.ts";

export const FOLDER = join(import.meta.dirname, "..", "..", "fixtures", "objects");

/** What `npm run check` allows unless it is told otherwise. */
export const ALLOWED: Allowed = { ...allowedBy(DEFAULTS), scripts: probeScripts(), files: true };

export type Fields = Record<string, unknown>;

export interface Fixture {
  readonly name: string;
  readonly file: string;
  readonly rule: string;
  readonly documents: readonly Fields[];
}

export function fixtures(kind: "valid" | "invalid"): Fixture[] {
  return readdirSync(join(FOLDER, kind)).map((name) => {
    const file = join(FOLDER, kind, name);
    const text = readFileSync(file, "utf8");
    const rule = /^# rule: (.*)$/m.exec(text)?.[1] ?? "";
    const documents = readYaml(text).filter((document) => document !== null && document !== undefined) as Fields[];
    return { name, file, rule, documents };
  });
}

/** Pods that are broken, each alone in its file. */
export const brokenPods = (): Fixture[] =>
  fixtures("invalid").filter(
    ({ documents }) => documents.length === 1 && documents[0]?.kind === "Pod" && documents[0].apiVersion === "v1",
  );
