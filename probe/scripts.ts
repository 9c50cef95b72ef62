import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The probe's scripts by file name, as the pods run them. */
export function probeScripts(folder = import.meta.dirname): Record<string, string> {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".sh"))
    .sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}
