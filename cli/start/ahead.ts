/**
 * A sweep that a run does itself while the engine starts, of which the one at destroy need only hear: to start an engine, a plugin and a
 * program takes two seconds, in which the pods can end and the nodes be looked at.
 */
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { until } from "../../base/stop.ts";
import type { Residue } from "../../cluster/sweepNode.ts";
import { lives, type Process, thisProcess } from "../stack/claim.ts";
import { sweepDocument } from "./reports.ts";

const POLL_MS = 50;
/** Longer than the longest sweep of slow nodes, in milliseconds. */
const PATIENCE_MS = 30 * 60_000;

/** There while a sweep is done ahead, with the process that does it. */
const aheadOf = (report: string): string => `${report}.ahead`;

/**
 * @param report where the sweep is reported, once it is done
 * @param sweep where it fails, or has no answer, the one at destroy does it after all
 */
export async function sweepAhead(report: string, sweep: () => Promise<readonly Residue[] | undefined>): Promise<void> {
  writeFileSync(aheadOf(report), JSON.stringify(thisProcess()));
  try {
    const residue = await sweep();
    if (residue) appendFileSync(report, sweepDocument(residue));
  } catch {
    // Whoever does it after all meets the same, and says so.
  } finally {
    rmSync(aheadOf(report), { force: true });
  }
}

/** Waits for the end of a sweep that is done ahead. @returns whether there was one, and it is reported */
export async function isSweptAhead(report: string): Promise<boolean> {
  const file = aheadOf(report);
  await until(() => !existsSync(file) || !lives(readProcess(file)), { every: POLL_MS, within: PATIENCE_MS });
  return !existsSync(file) && existsSync(report);
}

function readProcess(file: string): Process {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Process;
  } catch {
    // Gone since it was seen: asked for once more.
    return thisProcess();
  }
}
