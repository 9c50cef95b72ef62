/**
 * Makes "nothing left behind" true and says so: takes dead mounts below the bridge off each node, removes the empty bridge
 * directory, and prints what could not be removed. `pulumi destroy` runs it between the pods and the namespace; by hand it
 * cleans up after a run that was killed.
 */
import { appendFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { Command, Option } from "commander";
import { printable } from "../base/printable.ts";
import { parseSettings, type Settings } from "../core/settings/settings.ts";
import { endRun } from "./endRun.ts";
import { type SettingsOptions, settingsOptions } from "./options.ts";
import { EXIT, main } from "./problem.ts";
import { sweepAll } from "./sweepAll.ts";

/** A file that the report is appended to, one JSON document a line, for a caller that cannot read our output. */
const REPORT_FILE = process.env.FUSE_TEST_SWEEP_REPORT;

interface Options extends SettingsOptions {
  readonly stdin?: boolean;
  readonly nodesOnly?: boolean;
  readonly json?: boolean;
  readonly forget?: boolean;
}

const print = (line: string) => process.stderr.write(`${printable(line)}\n`);

const program = new Command("sweep")
  .exitOverride()
  .description(
    "remove what a killed run left: pods, namespace, admission policies, mounts on the nodes, the bridge directory",
  )
  .addOption(new Option("--stdin", "read the settings as JSON from standard input instead of a stack"))
  .addOption(new Option("--nodes-only", "leave pods and namespace alone: the engine deletes them"))
  .addOption(new Option("--json", "print one JSON document"))
  .addOption(
    new Option(
      "--forget",
      "for a cluster that is gone for good: only forget what is known of the stack's run, and say what that gives up",
    ).conflicts(["stdin", "json"]),
  )
  .addHelpText(
    "after",
    `
Of a run that was kept or killed it takes nodes, namespace, bridge, images and cluster as that run had them, and forgets it when
nothing is left of it. Settings on the command line come before those.

Exit codes: 0 clean, 1 something is left, 2 tool or cluster error`,
  );
for (const option of settingsOptions()) program.addOption(option);

await main(async () => {
  const options = program.parse().opts<Options>();
  if (options.stdin) return sweepOf(parseSettings(JSON.parse(await text(process.stdin))), options);
  return endRun(options, (settings) => sweepOf(settings, options), print);
});

async function sweepOf(settings: Settings, options: Options): Promise<number> {
  const residue = await sweepAll(settings, options.nodesOnly ?? false, print);
  if (REPORT_FILE) appendFileSync(REPORT_FILE, `${JSON.stringify({ residue })}\n`);
  if (options.json) process.stdout.write(`${JSON.stringify({ residue })}\n`);
  for (const { node, what } of residue) print(`× ${node}  left: ${what}`);
  // At destroy the rest must still be deleted, so the residue is told and not thrown.
  return residue.length > 0 && !options.nodesOnly ? EXIT.failure : EXIT.success;
}
