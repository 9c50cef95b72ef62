/** The whole job. Progress goes to stderr; with --json, stdout holds one document. */
import { Option } from "commander";
import { MARKS } from "../../base/marks.ts";
import { print, say } from "../../base/output.ts";
import { elapsed } from "../../base/progress.ts";
import { DEFAULT_SCENARIOS, SCENARIOS } from "../../core/contract/scenarios.ts";
import { command, optionsIn } from "../command.ts";
import { settingsOptions } from "../options.ts";
import { answerLines, type StartResult, startExitCode } from "../start/answer.ts";
import type { StartOptions } from "../start/start.ts";

/** Exit code after Ctrl-C, as shells have it. */
const INTERRUPTED = 130;

interface Options extends StartOptions {
  readonly json?: boolean;
}

export const startCommand = () =>
  command("start", [
    new Option("--json", "print the verdicts as one JSON document on stdout"),
    new Option(
      "--keep",
      "leave the pods (and the sandbox) for inspection; the last lines say how to look and how to end it",
    ),
    new Option(
      "--sandbox-runtime <name>",
      "the container runtime of the sandbox's nodes: containerd-2, containerd-1.6, or in a virtual machine crun",
    ).default(undefined, "that of the sandbox that runs, or containerd-2"),
    new Option(
      "--sandbox-kubernetes <version>",
      "the sandbox's Kubernetes; npm run sandbox -- up --help lists the versions",
    ).default(undefined, "that of the sandbox that runs, or 1.34"),
    new Option(
      "--sandbox-machine <name>",
      "what the sandbox's k3s-w2 is: box, or vm, a virtual machine with control groups v2, systemd and AppArmor",
    ).default(undefined, "that of the sandbox that runs, or box"),
    new Option("--verbose", "print everything that the Pulumi engine and its plugins say"),
    ...settingsOptions(),
  ]).addHelpText(
    "after",
    `
Without --context or --kubeconfig, here or in the stack, the test runs on the sandbox: a real two-node Kubernetes on this
machine, made for it and removed after it.

Scenarios (those with * unless others are named):
${SCENARIOS.map(({ id, decides }) => `${DEFAULT_SCENARIOS.includes(id) ? "*" : " "} ${id.padEnd(18)} ${decides}`).join("\n")}

Exit codes: 0 success on every node, 1 a failure verdict, 3 an inconclusive one, 2 tool or cluster error, or something
is left on a node, ${INTERRUPTED} interrupted (and cleaned up)`,
  );

export async function runStart(args: readonly string[]): Promise<number> {
  const begun = performance.now();
  const options = optionsIn<Options>(startCommand(), args);
  const stop = stopOnSignal();
  // The engine's SDK takes half a second to load, which is too long for a help or an option that is wrong.
  const { start } = await import("../start/start.ts");
  /** About what stays, for the very end. */
  const inspection: string[] = [];
  try {
    const result = await start(options, stop, inspection);
    show(result, options);
    say(`${MARKS.success} done in ${elapsed(begun)}`);
    return startExitCode(result);
  } catch (error) {
    if (!stop.aborted) throw error;
    say(
      inspection.length > 0
        ? `${MARKS.inconclusive} interrupted  ${elapsed(begun)}`
        : `${MARKS.success} interrupted, and cleaned up  ${elapsed(begun)}`,
    );
    return INTERRUPTED;
  } finally {
    for (const line of inspection) say(line);
  }
}

function show(result: StartResult, { json }: Options): void {
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  for (const line of answerLines(result)) (json ? say : print)(line);
}

/** The first Ctrl-C begins the clean-up; it is not cut short by a second. */
function stopOnSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      if (stop.signal.aborted) return say(`${MARKS.note} already cleaning up, a moment`);
      say(`${MARKS.inconclusive} ${signal}: stopping and cleaning up`);
      stop.abort();
    });
  return stop.signal;
}
