/**
 * The whole job: settings -> cluster -> preview -> test -> verdicts -> destroy -> proof that nothing is left.
 * Progress goes to stderr; with --json, stdout holds one document.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Command, Option } from "commander";
import { printable } from "../base/printable.ts";
import { connect } from "../cluster/connect.ts";
import { requireReach } from "../cluster/reach.ts";
import { requireOwnNamespace } from "../cluster/sweepNamespace.ts";
import { ownerHere } from "../components/owner.ts";
import type { NodeVerdict } from "../core/diagnosis/answer.ts";
import { worst } from "../core/diagnosis/verdict.ts";
import { swept } from "../core/settings/identity.ts";
import { parseSettings } from "../core/settings/settings.ts";
import { verdictLines } from "../report/terminal.ts";
import { claim, claimFile, claimMade, forget, type Made, release, wasInterrupted } from "./claim.ts";
import { teller } from "./engineEvents.ts";
import { type Ground, prepareGround } from "./ground.ts";
import { keptLines } from "./kept.ts";
import { givenSettings, type SettingsOptions, saidSettings, settingsOptions } from "./options.ts";
import { ROOT } from "./places.ts";
import { EXIT, main, UserError } from "./problem.ts";
import { openRun, type Run, residueReported } from "./pulumi.ts";

interface Options extends SettingsOptions {
  readonly json?: boolean;
  readonly keep?: boolean;
  readonly verbose?: boolean;
}

/** Exit code after Ctrl-C, as shells have it. */
const INTERRUPTED = 130;

const program = new Command("start")
  .exitOverride()
  .description("test FUSE mount propagation on each node, say why, and leave nothing behind")
  .addOption(new Option("--json", "print one JSON document on stdout"))
  .addOption(
    new Option(
      "--keep",
      "leave the pods (and the sandbox) for inspection; the last lines say how to look and how to end it",
    ),
  )
  .addOption(new Option("--verbose", "print everything that the Pulumi engine and its plugins say"))
  .addHelpText(
    "after",
    `
Without --context or --kubeconfig, here or in the stack, the test runs on the sandbox: a real two-node Kubernetes on this
machine, made for it and removed after it.

Exit codes: 0 success on every node, 1 a failure verdict, 3 an inconclusive one, 2 tool or cluster error, or something
is left on a node, ${INTERRUPTED} interrupted (and cleaned up)`,
  );
for (const option of settingsOptions()) program.addOption(option);

const begun = performance.now();
const print = (line: string) => process.stderr.write(`${printable(line)}\n`);
const seconds = (from = begun) => `${((performance.now() - from) / 1000).toFixed(1)} s`;

/** @param kept takes the lines about what stays, for the very end */
async function start(options: Options, stop: AbortSignal, kept: string[]): Promise<number> {
  const stated = givenSettings(options);
  const given = { ...stated, owner: stated.owner || ownerHere(options.stack) };
  // Refuse bad settings before anything is made, the sandbox included.
  const asked = parseSettings(given);

  const own = asked.kubeconfig !== "" || asked.context !== "";
  if (own) await requireReach(asked);

  const earlier = claim(claimFile(options.stack), options.stack);
  const ground = await prepareGround(own, options.keep ?? false, stop);
  const plugins = Object.entries(ground.plugins).map(([name, origin]) => `${name} (${origin})`);
  print(`· Pulumi ${ground.engine}, plugins ${plugins.join(", ")}`);
  const nodes = saidSettings(options).nodes === undefined ? (ground.nodes ?? asked.nodes) : asked.nodes;
  const settings = { ...given, ...ground.settings, nodes: [...nodes], failOn: "never" };
  let verdicts: Readonly<Record<string, NodeVerdict>> = {};
  let residue: string[] | undefined;
  try {
    const complete = parseSettings(settings);
    await requireOwnNamespace(connect(complete), complete);
    const here: Made = { kind: ground.kind, settings: swept(complete) };
    await recover(options.stack, earlier ?? here, ground);
    claimMade(claimFile(options.stack), here);
    // What an engine says while it is being stopped is of no use to anyone.
    const allowed = allowedBySaying(options, ground);
    const tell = teller((line) => stop.aborted || print(line), options.verbose);
    const run = await openRun(options.stack, settings, allowed, ground.env, stop, tell);
    if (options.keep) kept.push(...keptLines(ground.kind, options.stack, complete));
    try {
      verdicts = await test(run);
    } finally {
      if (!options.keep) residue = await takeDown(options.stack, run, here.settings, stop);
    }
  } finally {
    await ground.leave();
  }
  return answer(verdicts, residue, options);
}

/** The pack allows the homelab. Only the command line's own words, or the sandbox, can make it another node or place. */
function allowedBySaying(options: Options, ground: Ground): Record<string, unknown> {
  const said = { ...(ground.nodes ? { nodes: ground.nodes } : {}), ...saidSettings(options) };
  return Object.fromEntries(
    Object.entries(said).filter(([key]) => ["nodes", "namespace", "bridge", "command"].includes(key)),
  );
}

async function test(run: Run): Promise<Readonly<Record<string, NodeVerdict>>> {
  let from = performance.now();
  const types = await run.preview();
  const planned = Object.entries(types).map(([type, count]) => `${count} ${type.split(":").at(-1)}`);
  print(`√ preview: ${planned.join(", ")}  ${seconds(from)}`);
  from = performance.now();
  try {
    await run.up();
  } catch (error) {
    // The verdict may be known all the same: an API that refuses a pod is an answer.
    const known = await run.verdicts();
    if (Object.keys(known).length === 0) throw error;
    return known;
  }
  print(`√ test run  ${seconds(from)}`);
  return await run.verdicts();
}

/** Destroys through the engine; where that fails, or was interrupted, the sweep does it by hand. */
async function takeDown(stack: string, run: Run, settings: object, stop: AbortSignal): Promise<string[]> {
  const from = performance.now();
  print("· taking the test down");
  const destroyed =
    !stop.aborted &&
    (await run.destroy().then(
      () => true,
      () => false,
    ));
  const residue = (destroyed ? residueReported(stack) : undefined) ?? (await sweep(settings));
  run.forget();
  release(claimFile(stack));
  print(`√ ${destroyed ? "destroyed" : "removed"}  ${seconds(from)}`);
  return residue;
}

/**
 * A state that is still there belongs to a run that was killed: what it left in its cluster, which need not be this one's, goes
 * first. What it had on a sandbox is gone with that sandbox.
 */
async function recover(stack: string, { kind, settings }: Made, ground: Ground): Promise<void> {
  if (!wasInterrupted(stack)) return;
  if (kind === "cluster" || (ground.kind === "sandbox" && !ground.fresh)) {
    print("‼ an earlier run was not taken down: removing what it left");
    // What is left all the same has been told; it is no reason to keep the stack from the next run.
    await sweep(settings).catch((cause: unknown) => {
      throw new UserError("what an earlier run left could not be removed", {
        remedy: `try again when its cluster answers; or forget that run, and what it left: npm run sweep -- --stack ${stack} --forget`,
        cause,
      });
    });
  }
  forget(stack);
}

/** The sweep by hand, as its own command: it needs neither the engine nor its state. */
async function sweep(settings: object): Promise<string[]> {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(ROOT, "cli", "sweep.ts"), "--stdin", "--json"],
    {
      stdio: ["pipe", "pipe", "inherit"],
      detached: true,
    },
  );
  child.stdin.end(JSON.stringify(settings));
  const document = await text(child.stdout);
  if (document === "")
    throw new UserError("the sweep did not come to its end", {
      remedy: "run `npm run sweep` when the cluster answers",
    });
  const { residue } = JSON.parse(document) as { residue: { node: string; what: string }[] };
  return residue.map(({ node, what }) => `${node}: ${what}`);
}

/** @param residue undefined where nobody looked: the document must not say that nothing is left */
function answer(
  verdicts: Readonly<Record<string, NodeVerdict>>,
  residue: string[] | undefined,
  { json }: Options,
): number {
  if (json) process.stdout.write(`${JSON.stringify({ nodes: verdicts, residue })}\n`);
  const write = json ? print : (line: string) => process.stdout.write(`${printable(line)}\n`);
  for (const [node, verdict] of Object.entries(verdicts))
    for (const line of ["", ...verdictLines(node, verdict)]) write(line);
  write("");
  for (const line of residue ?? []) write(`× left behind on ${line}`);
  if (residue?.length === 0) write("√ nothing is left on the nodes");
  print(`√ done in ${seconds()}`);
  if ((residue && residue.length > 0) || Object.keys(verdicts).length === 0) return EXIT.tool;
  return EXIT[worst(verdicts).verdict.verdict];
}

/** The first Ctrl-C begins the clean-up; it is not cut short by a second. */
function stopOnSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      if (stop.signal.aborted) return print("· already cleaning up, a moment");
      print(`‼ ${signal}: stopping and cleaning up`);
      stop.abort(new Interrupted());
    });
  return stop.signal;
}

class Interrupted extends Error {}

await main(async () => {
  const options = program.parse().opts<Options>();
  const stop = stopOnSignal();
  const kept: string[] = [];
  try {
    return await start(options, stop, kept);
  } catch (error) {
    if (!stop.aborted) throw error;
    print(kept.length > 0 ? `‼ interrupted  ${seconds()}` : `√ interrupted, and cleaned up  ${seconds()}`);
    return INTERRUPTED;
  } finally {
    for (const line of kept) print(line);
  }
});
