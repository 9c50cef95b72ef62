/** One run: settings -> cluster -> preview -> test -> verdicts -> destroy -> proof that nothing is left. */
import { MARKS } from "../../base/marks.ts";
import { say } from "../../base/output.ts";
import { UserError } from "../../base/problem.ts";
import { elapsed } from "../../base/progress.ts";
import { connect } from "../../cluster/connect.ts";
import { requireReach } from "../../cluster/reach.ts";
import { requireOwnNamespace } from "../../cluster/sweepNamespace.ts";
import { ownerHere } from "../../components/owner.ts";
import { swept } from "../../core/settings/identity.ts";
import { parseSettings, type Settings } from "../../core/settings/settings.ts";
import { givenSettings, type SettingsOptions, saidSettings } from "../options.ts";
import { claim, claimFile, claimMade, forget, type Made, release, wasInterrupted } from "../stack/claim.ts";
import { forgetting } from "../stack/endRun.ts";
import { sweepAhead } from "./ahead.ts";
import type { StartResult } from "./answer.ts";
import { eventPrinter } from "./engineEvents.ts";
import { inspectionLines } from "./inspection.ts";
import { openRun, type Run } from "./pulumi.ts";
import { residueReported, sweepReport } from "./reports.ts";
import { sweepByHand, sweepOwn } from "./sweep.ts";
import { askedOf, prepareTarget, type SandboxOptions, type Target } from "./target.ts";

export interface StartOptions extends SettingsOptions, SandboxOptions {
  readonly keep?: boolean;
  readonly verbose?: boolean;
}

/** @param inspection takes lines about what stays for inspection */
export async function start(options: StartOptions, stop: AbortSignal, inspection: string[]): Promise<StartResult> {
  const stated = givenSettings(options);
  const given = { ...stated, owner: stated.owner || ownerHere(options.stack) };
  // Refuse bad settings before anything is made, the sandbox included.
  const asked = parseSettings(given);

  const own = asked.kubeconfig !== "" || asked.context !== "";
  if (!own) requireNoImage(saidSettings(options));
  const [part] = askedOf(options);
  if (own && part)
    throw new UserError(`--sandbox-${part.option} ${part.value} is about the sandbox, and the test runs on a cluster`, {
      remedy: `leave it out: a cluster's ${part.option} is what it has`,
    });
  if (own) await requireReach(asked);

  const earlier = claim(claimFile(options.stack), options.stack);
  const target = await prepareTarget(own, options, stop);
  const plugins = Object.entries(target.plugins).map(([name, origin]) => `${name} (${origin})`);
  say(`${MARKS.note} Pulumi ${target.engine}, plugins ${plugins.join(", ")}`);
  const nodes = saidSettings(options).nodes === undefined ? (target.nodes ?? asked.nodes) : asked.nodes;
  const settings = { ...target.pace, ...given, ...target.settings, nodes: [...nodes], failOn: "never" };
  let verdicts: StartResult["nodes"] = {};
  let residue: string[] | undefined;
  try {
    const complete = parseSettings(settings);
    await requireOwnNamespace(connect(complete), complete);
    const here: Made = { kind: target.kind, settings: swept(complete) };
    await recover(options.stack, earlier ?? here, target);
    claimMade(claimFile(options.stack), here);
    // What an engine says while it is being stopped is of no use to anyone.
    const onEvent = eventPrinter((line) => stop.aborted || say(line), options.verbose);
    const run = await openRun(options.stack, settings, allowedBySaying(options, target), target.env, stop, onEvent);
    if (options.keep) inspection.push(...inspectionLines(target.kind, options.stack, complete));
    try {
      verdicts = await test(run);
    } finally {
      if (!options.keep) residue = await takeDown(options.stack, run, complete, stop);
    }
  } finally {
    await target.leave();
  }
  return { nodes: verdicts, residue };
}

/**
 * The sandbox's nodes reach no registry, and have its own images alone.
 *
 * @throws UserError where another is asked for: a verdict on the sandbox's would be taken for one on that
 */
function requireNoImage(said: Readonly<Record<string, unknown>>): void {
  const key = ["producerImage", "consumerImage"].find((one) => said[one] !== undefined);
  if (key === undefined) return;
  throw new UserError(
    `${key} = ${JSON.stringify(said[key])}: without a cluster the sandbox's own image is tested, and not this one`,
    {
      remedy:
        "leave it out; or bring your image onto the sandbox's nodes, and name the sandbox as a cluster (--kubeconfig): README has the commands",
    },
  );
}

/** The pack allows the homelab. Only the command line's own words, or the sandbox, can make it another node or place. */
function allowedBySaying(options: StartOptions, target: Target): Record<string, unknown> {
  const said = { ...(target.nodes ? { nodes: target.nodes } : {}), ...saidSettings(options) };
  return Object.fromEntries(
    Object.entries(said).filter(([key]) => ["nodes", "namespace", "bridge", "command"].includes(key)),
  );
}

async function test(run: Run): Promise<StartResult["nodes"]> {
  let from = performance.now();
  const types = await run.preview();
  const planned = Object.entries(types).map(([type, count]) => `${count} ${type.split(":").at(-1)}`);
  say(`${MARKS.success} preview: ${planned.join(", ")}  ${elapsed(from)}`);
  from = performance.now();
  try {
    await run.up();
  } catch (error) {
    // The verdict may be known all the same: an API that refuses a pod is an answer.
    const known = run.verdicts();
    if (Object.keys(known).length === 0) throw error;
    return known;
  }
  say(`${MARKS.success} test run  ${elapsed(from)}`);
  return run.verdicts();
}

/** Destroys through the engine; where that fails, or was interrupted, the sweep does it by hand. */
async function takeDown(stack: string, run: Run, settings: Settings, stop: AbortSignal): Promise<string[]> {
  const from = performance.now();
  say(`${MARKS.note} taking the test down`);
  const ahead = stop.aborted ? undefined : sweepAhead(sweepReport(stack), () => sweepOwn(settings));
  const destroyed =
    !stop.aborted &&
    (await run.destroy().then(
      () => true,
      () => false,
    ));
  await ahead;
  const residue = (destroyed ? residueReported(stack) : undefined) ?? (await sweepByHand(swept(settings)));
  run.forget();
  release(claimFile(stack));
  say(`${MARKS.success} ${destroyed ? "destroyed" : "removed"}  ${elapsed(from)}`);
  return residue;
}

/**
 * A state that is still there belongs to a run that was killed: what it left in its cluster, which need not be this one's, goes
 * first. What it had on a sandbox is gone with that sandbox.
 */
async function recover(stack: string, { kind, settings }: Made, target: Target): Promise<void> {
  if (!wasInterrupted(stack)) return;
  if (kind === "cluster" || (target.kind === "sandbox" && !target.fresh)) {
    say(`${MARKS.inconclusive} an earlier run was not taken down: removing what it left`);
    // What is left all the same has been reported; it is no reason to withhold the stack from the next run.
    await sweepByHand(settings).catch((cause: unknown) => {
      throw new UserError("what an earlier run left could not be removed", {
        remedy: `try again when its cluster answers; or forget that run, and what it left: ${forgetting(stack)}`,
        cause,
      });
    });
  }
  forget(stack);
}
