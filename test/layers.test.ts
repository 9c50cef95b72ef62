/** Who may import whom, as .dependency-cruiser.mjs has it. */
import assert from "node:assert/strict";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import extractOptions from "dependency-cruiser/config-utl/extract-depcruise-options";

const ROOT = join(import.meta.dirname, "..");

const options = await extractOptions(join(ROOT, ".dependency-cruiser.mjs"));
const rules = new Set(options.ruleSet?.forbidden?.map(({ name = "" }) => name));

/** What a tree breaks: the rule, and who imports whom. */
async function broken(baseDir: string): Promise<{ rule: string; what: string }[]> {
  const { output } = await cruise(["."], { ...options, baseDir });
  const { modules, summary } = output as ICruiseResult;
  assert.ok(modules.length > 0, "nothing was read");
  return summary.violations.map(({ rule, from, to, cycle }) => ({
    rule: rule.name,
    what: [from, ...(cycle?.map(({ name }) => name) ?? [to])].join(" -> "),
  }));
}

describe("layers", () => {
  let found: { rule: string; what: string }[];
  before(async () => {
    found = await broken(ROOT);
  });

  for (const name of rules)
    it(name, () => {
      assert.deepEqual(
        found.filter(({ rule }) => rule === name).map(({ what }) => what),
        [],
      );
    });

  it("sees what breaks them: type-only, dynamic and repeated imports, packages, files in no room", async () => {
    const folder = mkdtempSync(join(tmpdir(), "layers-"));
    const files = {
      "tsconfig.json": "{}",
      "node_modules/@kubernetes/client-node/index.js": "export class V1Pod {}",
      "base/a.ts": 'import "./b.ts";',
      "base/b.ts": 'export type { c } from "./c.ts";',
      "base/c.ts": 'export const c = () => import("./a.ts");',
      "core/contract/names.ts": 'import type { plan } from "../plan/plan.ts"; export type Name = typeof plan;',
      "core/plan/plan.ts": 'import { readFileSync } from "node:fs"; export const plan = readFileSync;',
      "core/evidence/pods.ts": 'import type { V1Pod } from "@kubernetes/client-node"; export type Pod = V1Pod;',
      "core/gitops/pods.ts": 'import { V1Pod } from "@kubernetes/client-node"; export const pod = new V1Pod();',
      "core/lost.ts": 'import "../base/a.ts";',
      "cluster/watch.ts": 'export const start = () => import("../cli/start.ts");',
      "cli/start.ts": 'import "nowhere";',
      "attic/old.ts": 'import "../base/a.ts";',
    };
    try {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
      const seen = (await broken(folder)).map(({ rule, what }) => `${rule.split(" imports ")[0]}: ${what}`);
      assert.deepEqual(seen.sort(), [
        "cli: cli/start.ts -> nowhere",
        "cluster: cluster/watch.ts -> cli/start.ts",
        "core/contract: core/contract/names.ts -> core/plan/plan.ts",
        "core: core/gitops/pods.ts -> node_modules/@kubernetes/client-node/index.js",
        "core: core/plan/plan.ts -> fs",
        "every file belongs to a room: attic/old.ts -> base/a.ts",
        "every file of core belongs to a room of core: core/lost.ts -> base/a.ts",
        "every import is found: cli/start.ts -> nowhere",
        "no file: base/a.ts -> base/b.ts -> base/c.ts -> base/a.ts",
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("has one meaning for each exported name", () => {
    const files = globSync("{base,probe,core,cluster,cli,components,policy,report}/**/*.ts", { cwd: ROOT });
    const declared = /^export (?:async |abstract )*(?:const|function|class|interface|type|let) ([\w$]+)/gm;
    const places = Map.groupBy(
      files.flatMap((file) =>
        [...readFileSync(join(ROOT, file), "utf8").matchAll(declared)].map(([, name = ""]) => ({ name, file })),
      ),
      ({ name }) => name,
    );
    assert.ok(places.size > 500, `${places.size} names`);
    // A function that is overloaded is declared several times in one file.
    assert.deepEqual(
      [...places.values()].filter((all) => all.some(({ file }) => file !== all[0]?.file)),
      [],
    );
  });

  it("has no TypeScript file over 300 lines", () => {
    const rooms = "base,probe,core,cluster,cli,components,policy,report,sandbox,stand-ins,tools,examples";
    const long = globSync(["*.ts", `{${rooms}}/**/*.ts`], { cwd: ROOT })
      .map((file) => [file, readFileSync(join(ROOT, file), "utf8").trimEnd().split("\n").length] as const)
      .filter(([, lines]) => lines > 300);
    assert.deepEqual(long, []);
  });
});
