/**
 * The one gate: format and lint, types, shell scripts, unit tests, end-to-end tests. Its last line counts them all.
 *
 *   npm test               the gate: all but what is named as no part of it below
 *   npm run test:unit      all but the end-to-end tests
 *   npm run test:e2e       the end-to-end tests on the sandbox, two files at a time
 *   npm run test:long      every scenario and driver, runs that are killed, the recipe on trial, the time to a verdict: no part of the gate
 *   npm run test:fixes     the fixes that a verdict prints, tried on the sandbox: no part of the gate
 *   npm run test:kills     runs that are killed amid each scenario, and what the next one finds: no part of the gate
 *   ... -- NAME...         only the test files whose path contains one of the names
 */
// First of all: the paths of the runs are read from the environment when they are imported.
import "./ownRuns.ts";
import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import Mocha from "mocha";
import { MARKS } from "../base/marks.ts";
import { kernelSettings, settingsBefore } from "./kernelSettings.ts";
import { type Counted, Lanes } from "./lanes.ts";

const ROOT = join(import.meta.dirname, "..");
const [stage, ...names]: readonly (string | undefined)[] = ["unit", "e2e"].includes(process.argv[2] ?? "")
  ? process.argv.slice(2)
  : [undefined, ...process.argv.slice(2)];

/** What takes longest begins first, so that no process or sandbox works on one file alone at the end. */
const LONGEST_FIRST = [
  ...[
    "scenarios",
    "causes",
    "recovery",
    "drivers",
    "start",
    "policy.",
    "diagnosis",
    "flux.",
    "shared",
    "rights",
    "recipe",
    "cli",
  ].map((name) => `e2e/${name}`),
  ...[
    "probe/producer",
    "stand-ins/kubernetes",
    "probe/",
    "cluster/gather",
    "model/laws",
    "policy/",
    "/cli/",
    "core/gitops",
    "layers",
  ],
];

/** These run only where they are named: many minutes each, and the gate may take twenty. */
const ON_THEIR_OWN: readonly string[] = [
  ...["scenarios", "drivers", "replaced", "recovery", "recipeTrial", "time"],
  ...["fixes", "kills", "former", "failover", "machine"],
].map((name) => join("test", "e2e", `${name}.test.ts`));

const totals = { passed: 0, skipped: 0 };
/** What failed, named again at the end: the place where a long log is read first. */
const failed: string[] = [];

// Before anything can have changed them; every residue check of this run inherits it.
process.env[settingsBefore] ??= kernelSettings().join("\n");

// One file of a lane: whoever started this process has the sandbox, and counts.
if (process.env.FUSE_TEST_LANE !== undefined && process.send) {
  await mocha("", files(true), 600_000);
  const counted: Counted = { ...totals, failed };
  process.send(counted, () => process.exit(failed.length > 0 ? 1 : 0));
  await new Promise(() => {});
}

const started = performance.now();
// The unit tests run the probe in one of them, so they wait for it.
if (stage !== "e2e" && names.length === 0)
  await check("the Debian packages the checks need", [process.execPath, "sandbox/main.ts", "packages"]);
// The checks and the unit tests keep two cores busy together.
const checks = stage !== "e2e" && names.length === 0 ? staticChecks() : Promise.resolve();
// Only what hangs takes so long, even on a machine that is busy with fifteen times as much.
if (stage !== "e2e") await mocha("unit tests", files(false), 300_000);
await checks;
if (stage !== "e2e" && names.length === 0) console.log(spent("unit tests and checks", started, 0.5));
if (stage !== "unit") await endToEnd(files(true));
if (stage === undefined && names.length === 0) console.log(spent("everything", started, 20));

for (const name of failed) console.log(`${MARKS.failure} ${name}`);
console.log(
  `${totals.passed} passed, ${failed.length} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ""}`,
);
process.exit(failed.length > 0 ? 1 : 0);

/** How long a part of the gate took, beside what it may take on two idle cores. It fails nothing: a busy machine is no defect. */
function spent(what: string, from: number, minutes: number): string {
  const seconds = (performance.now() - from) / 1000;
  const budget = minutes < 1 ? `${minutes * 60} s` : `${minutes} min`;
  return `${seconds < minutes * 60 ? MARKS.success : MARKS.inconclusive} ${what} took ${seconds.toFixed(0)} s (budget ${budget})`;
}

/** Whatever becomes of the tests, the machine is left as it was found. */
async function endToEnd(found: readonly string[]): Promise<void> {
  if (found.length === 0) return;
  const from = performance.now();
  // Compiled the first time, which takes longer than any test may.
  await check("the sandbox's programs are compiled", [process.execPath, "sandbox/main.ts", "tools"], {
    progress: process.stderr,
  });
  const lanes = new Lanes();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      lanes.down();
      lanes.remove();
      process.exit(130);
    });
  let left = found.length;
  const begun = (file: string) => console.log(`· ${file} begins`);
  await lanes.run(found, begun, (file, printed, counted, seconds) => {
    totals.passed += counted.passed;
    totals.skipped += counted.skipped;
    failed.push(...counted.failed);
    console.log(`${printed.trimEnd()}\n\n· ${file} took ${seconds.toFixed(0)} s, ${--left} files to go`);
  });
  const remains = lanes.down();
  if (remains) failed.push(`the sandboxes go: ${remains}`);
  for (const [nth, FUSE_TEST_CACHE] of lanes.caches.entries())
    await check(`nothing of sandbox ${nth + 1} is left on the machine`, [process.execPath, "test/residue.ts"], {
      env: { FUSE_TEST_CACHE },
    });
  await check("nothing of the user's own sandbox was made", [process.execPath, "test/residue.ts"]);
  lanes.remove();
  console.log(`end-to-end tests took ${((performance.now() - from) / 1000).toFixed(0)} s`);
}

async function staticChecks(): Promise<void> {
  await check("format and lint (biome)", [process.execPath, "node_modules/.bin/biome", "check", "."]);
  // The native compiler: a quarter of the other one's time. That one is there for dependency-cruiser, which reads TypeScript with it.
  await check("types (tsc)", [process.execPath, "node_modules/@typescript/native/bin/tsc", "--noEmit"]);
  const scripts = ["probe", "sandbox", "base", "stand-ins", "cli", "test"].flatMap((folder) =>
    globSync(`${folder}/**/*.sh`, { cwd: ROOT }),
  );
  await check("shell scripts (shellcheck)", ["shellcheck", "-x", ...scripts, ".ci/run"]);
}

/** @param progress where the command's own progress is shown as it comes */
async function check(
  what: string,
  [command = "", ...args]: readonly string[],
  {
    progress,
    env,
  }: { readonly progress?: NodeJS.WritableStream; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const from = performance.now();
  try {
    const options = { cwd: ROOT, maxBuffer: 1 << 26, env: { ...process.env, ...env } };
    const running = promisify(execFile)(command, args, options);
    if (progress) running.child.stderr?.pipe(progress, { end: false });
    await running;
    totals.passed++;
    console.log(`${MARKS.success} ${what}  ${((performance.now() - from) / 1000).toFixed(1)} s`);
  } catch (error) {
    failed.push(what);
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    console.log(`${MARKS.failure} ${what}\n${stdout}${stderr}${stdout || stderr ? "" : String(error)}`);
  }
}

function files(e2e: boolean): string[] {
  return globSync("test/**/*.test.ts", { cwd: ROOT })
    .filter((file) => file.startsWith(join("test", "e2e")) === e2e)
    .filter((file) => names.length > 0 || !ON_THEIR_OWN.includes(file))
    .filter((file) => names.length === 0 || names.some((name) => name !== undefined && file.includes(name)))
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

function rank(file: string): number {
  const found = LONGEST_FIRST.findIndex((name) => file.includes(name));
  return found < 0 ? LONGEST_FIRST.length : found;
}

async function mocha(what: string, found: readonly string[], timeout: number): Promise<void> {
  if (found.length === 0) return;
  const from = performance.now();
  if (what) console.log(`\n${what}`);
  // Two cores, and tests that wait; a file of a lane is in a process of its own already.
  const parallel = process.env.FUSE_TEST_LANE === undefined && found.length > 1;
  const suite = new Mocha({ timeout, slow: 600, forbidOnly: process.env.CI === "true", parallel, jobs: 5 });
  for (const file of found) suite.addFile(join(ROOT, file));
  if (!parallel) await suite.loadFilesAsync();
  await new Promise<void>((resolve) => {
    const runner = suite.run(() => resolve());
    runner.on("pass", () => totals.passed++);
    runner.on("fail", (test, { message }: Error) => failed.push(`${test.fullTitle()}: ${message.split("\n")[0]}`));
    runner.on("pending", () => totals.skipped++);
  });
  if (what) console.log(`${what} took ${((performance.now() - from) / 1000).toFixed(1)} s`);
}
