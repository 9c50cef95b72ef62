/**
 * The one gate: format and lint, types, shell scripts, unit tests, end-to-end tests. Its last line counts them all.
 *
 *   npm test               everything
 *   npm run test:unit      all but the end-to-end tests
 *   npm run test:e2e       the end-to-end tests on the sandbox
 *   ... -- NAME...         only the test files whose path contains one of the names
 */
import { execFile, type SpawnSyncOptions, spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import Mocha from "mocha";
import { kernelSettings, settingsBefore } from "./kernelSettings.ts";
import "./ownRuns.ts";

const ROOT = join(import.meta.dirname, "..");
const [stage, ...names]: readonly (string | undefined)[] = ["unit", "e2e"].includes(process.argv[2] ?? "")
  ? process.argv.slice(2)
  : [undefined, ...process.argv.slice(2)];

const totals = { passed: 0, skipped: 0 };
/** What failed, named again at the end: the place where a long log is read first. */
const failed: string[] = [];

// Before anything can have changed them; every residue check of this run inherits it.
process.env[settingsBefore] = kernelSettings().join("\n");

// The unit tests run the probe in one of them, so they wait for it.
if (stage !== "e2e" && names.length === 0)
  await check("the Debian packages the checks need", [process.execPath, "sandbox/main.ts", "packages"]);
// The checks and the unit tests keep two cores busy together.
const checks = stage !== "e2e" && names.length === 0 ? staticChecks() : Promise.resolve();
if (stage !== "e2e") await mocha("unit tests", files(false), 120_000);
await checks;
if (stage !== "unit") {
  // Whatever becomes of the tests, the machine is left as it was found.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      // In a process group of its own: a second Ctrl-C is not for it.
      const options: SpawnSyncOptions & { detached: boolean } = { cwd: ROOT, stdio: "inherit", detached: true };
      spawnSync(process.execPath, ["sandbox/main.ts", "down"], options);
      process.exit(130);
    });
  // What it runs is compiled the first time, which takes longer than any test may.
  await check("the sandbox comes up", [process.execPath, "sandbox/main.ts", "up"], process.stderr);
  await mocha("end-to-end tests", files(true), 600_000);
  await check("the sandbox goes", [process.execPath, "sandbox/main.ts", "down"]);
  await check("nothing of it is left on the machine", [process.execPath, "test/residue.ts"]);
}

for (const name of failed) console.log(`× ${name}`);
console.log(
  `${totals.passed} passed, ${failed.length} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ""}`,
);
process.exit(failed.length > 0 ? 1 : 0);

async function staticChecks(): Promise<void> {
  await check("format and lint (biome)", [process.execPath, "node_modules/.bin/biome", "check", "."]);
  await check("types (tsc)", [process.execPath, "node_modules/.bin/tsc", "--noEmit"]);
  const scripts = ["probe", "sandbox", "base", "stand-ins", "cli", "test"].flatMap((folder) =>
    globSync(`${folder}/**/*.sh`, { cwd: ROOT }),
  );
  const shims = globSync("stand-ins/bin/*", { cwd: ROOT });
  await check("shell scripts (shellcheck)", ["shellcheck", "-x", ...scripts, ...shims, ".ci/run"]);
}

/** @param progress where the command's own progress is shown as it comes */
async function check(
  what: string,
  [command = "", ...args]: readonly string[],
  progress?: NodeJS.WritableStream,
): Promise<void> {
  const from = performance.now();
  try {
    const running = promisify(execFile)(command, args, { cwd: ROOT, maxBuffer: 1 << 26 });
    if (progress) running.child.stderr?.pipe(progress, { end: false });
    await running;
    totals.passed++;
    console.log(`√ ${what}  ${((performance.now() - from) / 1000).toFixed(1)} s`);
  } catch (error) {
    failed.push(what);
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    console.log(`× ${what}\n${stdout}${stderr}${stdout || stderr ? "" : String(error)}`);
  }
}

function files(e2e: boolean): string[] {
  return globSync("test/**/*.test.ts", { cwd: ROOT })
    .filter((file) => file.startsWith(join("test", "e2e")) === e2e)
    .filter((file) => names.length === 0 || names.some((name) => name !== undefined && file.includes(name)))
    .sort();
}

async function mocha(what: string, found: readonly string[], timeout: number): Promise<void> {
  if (found.length === 0) return;
  const from = performance.now();
  console.log(`\n${what}`);
  const suite = new Mocha({ timeout, slow: 600, forbidOnly: process.env.CI === "true" });
  for (const file of found) suite.addFile(join(ROOT, file));
  await suite.loadFilesAsync();
  await new Promise<void>((resolve) => {
    const runner = suite.run(() => resolve());
    runner.on("pass", () => totals.passed++);
    runner.on("fail", (test, { message }: Error) => failed.push(`${test.fullTitle()}: ${message.split("\n")[0]}`));
    runner.on("pending", () => totals.skipped++);
  });
  console.log(`${what} took ${((performance.now() - from) / 1000).toFixed(1)} s`);
}
