/**
 * Makes "nothing left behind" true and says so: takes dead mounts below the bridge off each node, removes the empty bridge
 * directory, and prints what could not be removed. `pulumi destroy` runs it before the namespace goes, and by it deletes the
 * pods; by hand it cleans up after a run that was killed.
 */
import { appendFileSync } from "node:fs";
import { Option } from "commander";
import { say } from "../../base/output.ts";
import type { Reach } from "../../cluster/sweep.ts";
import { parseSettings, type Settings } from "../../core/settings/settings.ts";
import { command, optionsIn } from "../command.ts";
import { type SettingsOptions, settingsOptions, stdinOption, stdinSettings } from "../options.ts";
import { EXIT } from "../run.ts";
import { endRun } from "../stack/endRun.ts";
import { isSweptAhead } from "../start/ahead.ts";
import { residueLines, SWEEP_REPORT, sweepDocument } from "../start/reports.ts";

interface Options extends SettingsOptions {
  readonly stdin?: boolean;
  readonly nodesOnly?: boolean;
  readonly keepNamespace?: boolean;
  readonly release?: boolean;
  readonly json?: boolean;
  readonly forget?: boolean;
}

export const sweepCommand = () =>
  command("sweep", [
    stdinOption(),
    new Option("--nodes-only", "leave pods and namespace alone, where `pulumi up` moves the test to another place"),
    new Option(
      "--keep-namespace",
      "take the pods away, and leave the namespace to `pulumi destroy`, which deletes it itself",
    ).conflicts("nodesOnly"),
    new Option(
      "--release",
      "only delete the run's pods whose daemon is a sidecar, and what keeps them, as `pulumi destroy` does at first",
    ),
    new Option("--json", "print what is left as one JSON document"),
    new Option(
      "--forget",
      "for a cluster that is gone for good: only forget what is known of the stack's run, and say what that gives up",
    ).conflicts(["stdin", "json"]),
    ...settingsOptions(),
  ]).addHelpText(
    "after",
    `
Of a run that was kept or killed it takes nodes, namespace, bridge, images and cluster as that run had them, and forgets it when
nothing is left of it. Settings on the command line come before those.

Exit codes: 0 clean, 1 something is left, 2 tool or cluster error`,
  );

export async function runSweep(args: readonly string[]): Promise<number> {
  const options = optionsIn<Options>(sweepCommand(), args);
  if (options.stdin) {
    const settings = parseSettings(await stdinSettings());
    return options.release ? releaseOf(settings) : sweepOf(settings, options);
  }
  return endRun(options, (settings) => sweepOf(settings, options), say);
}

/** What cannot be deleted here the engine tries itself, and says. */
async function releaseOf(settings: Settings): Promise<number> {
  const { releasePods } = await import("../../cluster/samePod.ts");
  await releasePods(settings, say);
  return EXIT.success;
}

async function sweepOf(settings: Settings, { nodesOnly, keepNamespace, json }: Options): Promise<number> {
  const reach: Reach = nodesOnly ? "nodes" : keepNamespace ? "pods" : "everything";
  const report = process.env[SWEEP_REPORT];
  if (report && reach === "pods" && (await isSweptAhead(report))) return EXIT.success;
  // Half a second to load, for which --help need not wait.
  const { sweepAll } = await import("../../cluster/sweep.ts");
  const residue = await sweepAll(settings, reach, say);
  const document = sweepDocument(residue);
  if (report) appendFileSync(report, document);
  if (json) process.stdout.write(document);
  for (const line of residueLines(residue)) say(line);
  // At destroy the rest must still be deleted, so the residue is reported and not thrown.
  return residue.length > 0 && reach === "everything" ? EXIT.failure : EXIT.success;
}
