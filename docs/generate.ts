/** Writes the documents that are drawn from code: `node docs/generate.ts`. A test holds that they are up to date. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { troubleshooting } from "../core/diagnosis/causes/troubleshooting.ts";
import { scenariosPage } from "./scenarios.ts";

const pages = { "troubleshooting.md": troubleshooting(), "scenarios.md": scenariosPage() };
for (const [name, text] of Object.entries(pages)) writeFileSync(join(import.meta.dirname, name), text);
