/** `npm run generate`: writes every generated file. test/tools/generate/generate.test.ts fails while one of them is stale. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GENERATED } from "./generated.ts";

const ROOT = join(import.meta.dirname, "..", "..");

for (const [path, render] of Object.entries(GENERATED)) {
  const file = join(ROOT, path);
  const present = existsSync(file) ? readFileSync(file, "utf8") : "";
  const text = render(present);
  if (text === present) continue;
  writeFileSync(file, text);
  console.log(`${path} written`);
}
