/**
 * Makes "nothing left behind" true and says so: takes dead mounts below the bridge off each node, removes the empty bridge
 * directory, and prints what could not be removed. `pulumi destroy` runs it between the pods and the namespace; by hand it
 * cleans up after a run that was killed.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Command, Option } from "commander";
import { printable } from "../core/printable.ts";
import { parseSettings } from "../core/settings.ts";
import { connect } from "./cluster.ts";
import { readSettings, type SettingsOptions, settingsOptions } from "./options.ts";
import { ROOT } from "./places.ts";
import { EXIT, main } from "./problem.ts";
import { leftovers, namespaceMade, withNamespace } from "./sweepNamespace.ts";
import { sweepNode } from "./sweepNode.ts";
import { sweepPolicies } from "./sweepPolicies.ts";

/** A file that the report is appended to, one JSON document a line, for a caller that cannot read our output. */
const REPORT_FILE = process.env.FUSE_TEST_SWEEP_REPORT;

interface Options extends SettingsOptions {
  readonly stdin?: boolean;
  readonly nodesOnly?: boolean;
  readonly json?: boolean;
}

const program = new Command("sweep")
  .exitOverride()
  .description(
    "remove what a killed run left: pods, namespace, admission policies, mounts on the nodes, the bridge directory",
  )
  .addOption(new Option("--stdin", "read the settings as JSON from standard input instead of a stack"))
  .addOption(new Option("--nodes-only", "leave pods and namespace alone: the engine deletes them"))
  .addOption(new Option("--json", "print one JSON document"))
  .addHelpText("after", "\nExit codes: 0 clean, 1 something is left, 2 tool or cluster error");
for (const option of settingsOptions()) program.addOption(option);

await main(async () => {
  const options = program.parse().opts<Options>();
  const settings = options.stdin ? parseSettings(JSON.parse(await text(process.stdin))) : readSettings(options);
  const config = connect(settings);
  const script = readFileSync(join(ROOT, "probe", "sweep.sh"), "utf8");
  const print = (line: string) => process.stderr.write(`${printable(line)}\n`);

  const sweepAll = (since: Date | undefined) =>
    Promise.all(settings.nodes.map((node) => sweepNode(config, settings, node, script, since, print)));
  const swept = options.nodesOnly
    ? await sweepAll(await namespaceMade(config, settings))
    : await withNamespace(config, settings, async (since) => {
        await sweepPolicies(config, settings, print);
        await leftovers(config, settings, print);
        return sweepAll(since);
      });
  const residue = swept.flat();

  if (REPORT_FILE) appendFileSync(REPORT_FILE, `${JSON.stringify({ residue })}\n`);
  if (options.json) process.stdout.write(`${JSON.stringify({ residue })}\n`);
  for (const { node, what } of residue) print(`× ${node}  left: ${what}`);
  // At destroy the rest must still be deleted, so the residue is told and not thrown.
  return residue.length > 0 && !options.nodesOnly ? EXIT.failure : EXIT.success;
});
