/**
 * Collects the evidence of one run from a cluster and prints the verdict of each node as one JSON document. Progress goes
 * to stderr. Works however the test was deployed: by Pulumi, by Flux or by hand.
 */
import { writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import type { V1Pod } from "@kubernetes/client-node";
import { Command, Option } from "commander";
import { printable } from "../base/printable.ts";
import { Answers, keyOf } from "../cluster/answers.ts";
import { connect, requireAnswer } from "../cluster/connect.ts";
import { gather } from "../cluster/gather.ts";
import { ownPods } from "../cluster/ownPods.ts";
import { refusals } from "../cluster/refusals.ts";
import type { NodeVerdict } from "../core/diagnosis/answer.ts";
import type { Evidence } from "../core/evidence/evidence.ts";
import { planOf } from "../core/plan/plan.ts";
import { parseSettings, type Settings } from "../core/settings/settings.ts";
import { masked } from "./masks.ts";
import { narrator } from "./narrate.ts";
import { readSettings, type SettingsOptions, settingsOptions } from "./options.ts";
import { EXIT, main } from "./problem.ts";

export interface Report {
  readonly run: string;
  readonly nodes: Readonly<Record<string, NodeVerdict>>;
}

interface Options extends SettingsOptions {
  readonly stdin?: boolean;
  readonly run?: string;
  readonly failOn?: Settings["failOn"];
  readonly pods?: string[];
  readonly evidence?: string;
}

const program = new Command("collect")
  .exitOverride()
  .description("watch a run of the test and print the verdict of each node as JSON")
  .addOption(new Option("--stdin", "read the settings as JSON from standard input instead of a stack"))
  .addOption(
    new Option("--run <id>", "judge only the pods of this run, as their label fuse-propagation-test/run tells it"),
  )
  .addOption(
    new Option("--fail-on <verdict>", "which verdicts make the exit code other than 0")
      .choices(["never", "failure", "inconclusive"])
      .default("inconclusive"),
  )
  .addOption(
    new Option(
      "--pods <file...>",
      "the pods' own manifests, where people changed them: to ask the API why it refuses one",
    ),
  )
  .addOption(
    new Option("--evidence <file>", "write everything that was seen to this file as JSON, to attach to a report"),
  )
  .addHelpText("after", "\nExit codes: 0 success, 1 a failure verdict, 2 tool or cluster error, 3 inconclusive");
for (const option of settingsOptions()) program.addOption(option);

/**
 * How long nothing new must have come of a pair before it is judged, in milliseconds: its logs and states come over several
 * connections, in no order.
 */
const QUIET_MS = 250;

/** Watches until every pair has its verdict, or the time is over; then what is known decides. */
async function collect(
  settings: Settings,
  run: string | undefined,
  own: readonly V1Pod[],
  stop: AbortController,
  print: (line: string) => void,
): Promise<{ readonly report: Report; readonly evidence: readonly Evidence[] }> {
  const config = connect(settings);
  await requireAnswer(config);
  const answers = new Answers(settings, print);
  const narrate = narrator(print);
  const { promise, resolve } = Promise.withResolvers<void>();
  const problems = new Map<string, number>();
  const quiet = new Map<string, NodeJS.Timeout>();
  const consider = (evidence: Evidence) => {
    answers.consider(evidence);
    if (answers.complete) resolve();
  };
  const changed = (evidence: Evidence) => {
    if (answers.has(evidence)) return;
    narrate.tell(evidence);
    const pair = keyOf(evidence);
    clearTimeout(quiet.get(pair));
    quiet.set(
      pair,
      setTimeout(() => consider(evidence), QUIET_MS),
    );
  };

  const gathering = gather(config, settings, run, stop.signal, changed, (error) => {
    const words = error instanceof Error ? error.message : String(error);
    problems.set(words, (problems.get(words) ?? 0) + 1);
  });
  void refusals(config, settings, own, stop.signal, (node, words) => gathering.refused(node, words));
  const timer = setTimeout(resolve, planOf(settings).deadlineSeconds * 1000);
  stop.signal.addEventListener("abort", () => resolve(), { once: true });

  await promise;
  for (const each of [timer, ...quiet.values()]) clearTimeout(each);
  stop.abort();
  const before = answers.complete;
  gathering.finish();
  for (const evidence of gathering.evidence()) consider(evidence);
  if (!before) for (const [words] of problems) print(`‼ ${words}`);
  const evidence = gathering.evidence();
  return { report: { run: evidence[0]?.run ?? settings.run, nodes: answers.nodes() }, evidence };
}

/** The worst verdict decides. */
function exitCode(report: Report, failOn: Settings["failOn"]): number {
  const all = Object.values(report.nodes).map(({ verdict }) => verdict);
  if (failOn !== "never" && all.includes("failure")) return EXIT.failure;
  if (failOn === "inconclusive" && all.includes("inconclusive")) return EXIT.inconclusive;
  return EXIT.success;
}

await main(async () => {
  const options = program.parse().opts<Options>();
  const settings = options.stdin ? parseSettings(JSON.parse(await text(process.stdin))) : readSettings(options);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort(signal));
  const own = ownPods(options.pods ?? []);
  // A daemon of the user's own may log its key, and the API server quotes what it refuses.
  const hide = masked(settings.command);
  const print = (line: string) => process.stderr.write(`${printable(hide(line))}\n`);
  const { report, evidence } = await collect(settings, options.run, own, stop, print);
  if (options.evidence) writeFileSync(options.evidence, `${JSON.stringify(hide(evidence))}\n`);
  process.stdout.write(`${JSON.stringify(hide(report))}\n`);
  return exitCode(report, options.failOn ?? "inconclusive");
});
