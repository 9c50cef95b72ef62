/**
 * Collects the evidence of one run from a cluster and prints the verdict of each node as one JSON document. Progress goes
 * to stderr. Works however the test was deployed: by Pulumi, by Flux or by hand.
 */
import { writeFileSync } from "node:fs";
import { Option } from "commander";
import { say } from "../../base/output.ts";
import type { Report } from "../../cluster/collect.ts";
import { ownPods } from "../../cluster/ownPods.ts";
import { parseSettings, type Settings } from "../../core/settings/settings.ts";
import { masked } from "../collect/masks.ts";
import { narrator } from "../collect/narrate.ts";
import { command, optionsIn } from "../command.ts";
import { readSettings, type SettingsOptions, settingsOptions, stdinOption, stdinSettings } from "../options.ts";
import { EXIT } from "../run.ts";
import { COLLECT_REPORT } from "../start/reports.ts";
import { restartOf } from "../start/target.ts";

interface Options extends SettingsOptions {
  readonly stdin?: boolean;
  readonly run?: string;
  readonly failOn: Settings["failOn"];
  readonly pods?: string[];
  readonly evidence?: string;
}

export const collectCommand = () =>
  command("collect", [
    stdinOption(),
    new Option("--run <id>", "judge only the pods of this run, as their label fuse-propagation-test/run tells it"),
    new Option("--fail-on <verdict>", "which verdicts make the exit code other than 0")
      .choices(["never", "failure", "inconclusive"])
      .default("inconclusive"),
    new Option(
      "--pods <file...>",
      "the pods' own manifests, where people changed them: to ask the API why it refuses one",
    ),
    new Option("--evidence <file>", "write everything that was seen to this file as JSON, to attach to a report"),
    ...settingsOptions(),
  ]).addHelpText("after", "\nExit codes: 0 success, 1 a failure verdict, 2 tool or cluster error, 3 inconclusive");

export async function runCollect(args: readonly string[]): Promise<number> {
  const options = optionsIn<Options>(collectCommand(), args);
  const settings = options.stdin ? parseSettings(await stdinSettings()) : readSettings(options);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort(signal));
  // A daemon of the user's own may log its key, and the API server quotes what it refuses.
  const hide = masked(settings.command);
  const print = (line: string) => say(hide(line));
  const watched = {
    run: options.run,
    ownPods: ownPods(options.pods ?? []),
    print,
    onEvidence: narrator(print),
    restart: restartOf(settings),
  };
  // Half a second to load, for which --help need not wait.
  const { collect } = await import("../../cluster/collect.ts");
  const { report, evidence } = await collect(settings, watched, stop);
  if (options.evidence) writeFileSync(options.evidence, `${JSON.stringify(hide(evidence))}\n`);
  const document = `${JSON.stringify(hide(report))}\n`;
  const file = process.env[COLLECT_REPORT];
  if (file) writeFileSync(file, document, { mode: 0o600 });
  process.stdout.write(document);
  return exitCode(report, options.failOn);
}

/** The worst verdict decides. */
export function exitCode({ nodes }: Report, failOn: Settings["failOn"]): number {
  const all = Object.values(nodes).map(({ verdict }) => verdict);
  if (failOn !== "never" && all.includes("failure")) return EXIT.failure;
  if (failOn === "inconclusive" && all.includes("inconclusive")) return EXIT.inconclusive;
  return EXIT.success;
}
