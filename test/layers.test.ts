import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const ROOT = join(import.meta.dirname, "..");

/** Which rooms, and which packages, the files of a room may import. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  base: ["base", "node:"],
  core: ["core", "base", "js-yaml", "zod", "yaml", "fastest-levenshtein", "node:crypto", "node:util"],
  probe: ["probe", "node:"],
  components: ["components", "core", "probe", "@pulumi/", "node:"],
  policy: ["policy", "core", "probe", "@pulumi/", "node:"],
  report: ["report", "core", "base", "node:"],
  cluster: ["cluster", "core", "base", "probe", "cli", "components", "@", "node:", "yaml"],
  cli: [
    "cli",
    "cluster",
    "core",
    "base",
    "probe",
    "report",
    "components",
    "policy",
    "index.ts",
    "",
    "@",
    "node:",
    "commander",
    "yaml",
    "js-yaml",
    "diff",
  ],
  sandbox: ["sandbox", "base", "@", "node:", "commander", "yaml"],
  "stand-ins": ["stand-ins", "base", "@", "google-protobuf", "node:", "yaml"],
};

const imports = (text: string): string[] =>
  [...text.matchAll(/^(?:import|export)\b[^"';]*?\bfrom\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? "",
  );

describe("layers", () => {
  for (const [room, allowed] of Object.entries(ALLOWED)) {
    it(`${room} imports only ${allowed.filter(Boolean).join(", ")}`, () => {
      const found: string[] = [];
      for (const file of globSync(`${room}/**/*.ts`, { cwd: ROOT })) {
        for (const name of imports(readFileSync(join(ROOT, file), "utf8"))) {
          const target = name.startsWith(".") ? relative(ROOT, join(ROOT, dirname(file), name)) : name;
          const top = name.startsWith(".") ? (target.split("/")[0] ?? "") : name;
          const fine = allowed.some(
            (one) => one !== "" && (top === one || (!name.startsWith(".") && top.startsWith(one))),
          );
          if (!fine) found.push(`${file} imports ${name}`);
        }
      }
      assert.deepEqual(found, []);
    });
  }

  it("has no file over 300 lines that is not a table", () => {
    const long = globSync("{base,core,cluster,cli,components,policy,report,sandbox,stand-ins}/**/*.ts", { cwd: ROOT })
      .map((file) => [file, readFileSync(join(ROOT, file), "utf8").split("\n").length] as const)
      .filter(([, lines]) => lines > 300);
    assert.deepEqual(long, []);
  });
});
