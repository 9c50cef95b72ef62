/** Writes the documents that are drawn from code: `node docs/generate.ts`. A test holds that they are up to date. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { troubleshooting } from "../core/causes/troubleshooting.ts";

writeFileSync(join(import.meta.dirname, "troubleshooting.md"), troubleshooting());
