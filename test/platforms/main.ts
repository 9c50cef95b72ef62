/**
 * The whole test on each platform that the sandbox can be; what each run printed goes into docs/platforms. No part of the gate.
 *
 *   npm run test:platforms                        all of them
 *   npm run test:platforms -- kubernetes-1.37 ... these
 */
import { spawn } from "node:child_process";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { isDeepStrictEqual } from "node:util";
import { Argument, Command } from "commander";
import { MARKS } from "../../base/marks.ts";
import { repository } from "../../base/paths.ts";
import { UserError } from "../../base/problem.ts";
import { elapsed, note } from "../../base/progress.ts";
import { NODE_FLAGS, passedThrough } from "../../cli/child.ts";
import * as cli from "../../cli/run.ts";
import type { StartResult } from "../../cli/start/answer.ts";
import { run } from "../../sandbox/command.ts";
import { EXPECTED, ROWS } from "./rows.ts";

/** Exit codes of a run that ended with verdicts and left nothing. */
const JUDGED: readonly number[] = [cli.EXIT.success, cli.EXIT.failure, cli.EXIT.inconclusive];
/** As `npm start` has it. */
const INTERRUPTED = 130;
const FOLDER = join(repository, "docs", "platforms");

await cli.run(async () => {
  const [asked] = new Command("npm run test:platforms --")
    .exitOverride()
    .description("Runs the whole test on each platform that the sandbox can be; the documents go into docs/platforms.")
    .addArgument(new Argument("[platforms...]").choices(Object.keys(ROWS)).default([], "all of them"))
    .parse().processedArgs as [readonly string[]];
  const names = asked.length > 0 ? asked : Object.keys(ROWS);
  let failed = 0;
  for (const name of names) if (!(await passes(name))) failed++;
  await run(process.execPath, [...NODE_FLAGS, join(repository, "tools", "generate", "main.ts")]);
  console.log(`${names.join(", ")}: ${names.length - failed} passed, ${failed} failed`);
  return failed > 0 ? cli.EXIT.failure : cli.EXIT.success;
});

/** Runs one, and keeps what it printed, as expected or not, in the place of what an earlier run of it printed. */
async function passes(name: string): Promise<boolean> {
  const from = performance.now();
  note(name);
  const { code, document } = await start(
    Object.entries(ROWS[name] ?? {}).map(([part, what]) => `--sandbox-${part}=${what}`),
  );
  if (document) await keep(name, document);
  const found = Object.entries(document?.nodes ?? {}).map(([node, said]) => [
    node,
    [said.verdict === "success" ? said.verdict : said.cause, said.grade].join(" ").trim(),
  ]);
  const passed = JUDGED.includes(code) && isDeepStrictEqual(Object.fromEntries(found), EXPECTED);
  const words = found.map(([node, said]) => `${node} ${said}`).join(", ") || `no verdict, exit code ${code}`;
  console.log(`${passed ? MARKS.success : MARKS.failure} ${name}: ${words}  ${elapsed(from)}`);
  return passed;
}

/** `npm start -- --json`, its progress on standard error. */
async function start(options: readonly string[]): Promise<{ readonly code: number; readonly document?: StartResult }> {
  const child = spawn(
    process.execPath,
    [...NODE_FLAGS, join(repository, "cli", "main.ts"), "start", "--json", ...options],
    { stdio: ["inherit", "pipe", "inherit"] },
  );
  const [code, printed] = await Promise.all([passedThrough(child), text(child.stdout)]);
  if (code === INTERRUPTED)
    throw new UserError("interrupted", { remedy: "run the same command again when you are ready" });
  return { code, ...(printed && { document: JSON.parse(printed) as StartResult }) };
}

async function keep(name: string, document: StartResult): Promise<void> {
  for (const file of readdirSync(FOLDER).filter((other) => other.replace(/^\d{4}-\d\d-\d\d-/, "") === `${name}.json`))
    rmSync(join(FOLDER, file));
  const file = join(FOLDER, `${new Date().toISOString().slice(0, 10)}-${name}.json`);
  writeFileSync(file, JSON.stringify(document, null, 2));
  await run("npx", ["biome", "format", "--write", file], { cwd: repository });
}
