/** What the commands that the engine runs report to the run: their output is the engine's, and asking it for them takes long. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MARKS } from "../../base/marks.ts";
import type { Residue } from "../../cluster/sweepNode.ts";
import type { NodeVerdict } from "../../core/diagnosis/answer.ts";
import { stateFolder } from "../stack/claim.ts";

/** Names a file that a sweep appends its report to, one JSON document a line. */
export const SWEEP_REPORT = "FUSE_TEST_SWEEP_REPORT";
/** Names a file that a collector writes its report to, as it prints it. */
export const COLLECT_REPORT = "FUSE_TEST_COLLECT_REPORT";

export const sweepReport = (stack: string): string => join(stateFolder(stack), "sweep.jsonl");
const collectReport = (stack: string): string => join(stateFolder(stack), "collect.json");

/** The environment that has the commands of a stack's run write their reports. */
export const reportFiles = (stack: string): Readonly<Record<string, string>> => ({
  [SWEEP_REPORT]: sweepReport(stack),
  [COLLECT_REPORT]: collectReport(stack),
});

/** The verdicts of each node, or none where the collector did not come to its end. */
export function verdictsReported(stack: string): Readonly<Record<string, NodeVerdict>> {
  const file = collectReport(stack);
  return existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as { nodes: Record<string, NodeVerdict> }).nodes
    : {};
}

/** What the sweep at destroy has found to be left, or undefined where it did not come to run. */
export function residueReported(stack: string): string[] | undefined {
  const file = sweepReport(stack);
  if (!existsSync(file)) return undefined;
  return readFileSync(file, "utf8").trim().split("\n").flatMap(residueIn);
}

/** What is printed while it is swept. */
export const residueLines = (residue: readonly Residue[]): string[] =>
  residue.map(({ node, what }) => `${MARKS.failure} ${node}  left: ${what}`);

/** A sweep's report, as it is printed too. */
export const sweepDocument = (residue: readonly Residue[]): string => `${JSON.stringify({ residue })}\n`;

/** The lines of a sweep's report. */
export const residueIn = (document: string): string[] =>
  (JSON.parse(document) as { residue: { node: string; what: string }[] }).residue.map(
    ({ node, what }) => `${node}: ${what}`,
  );
