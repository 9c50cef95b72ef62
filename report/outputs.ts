/** The verdicts as stack outputs: a few lines for a person, and the whole document as one more. */
import type { NodeVerdict } from "../core/diagnosis/answer.ts";
import { worst } from "../core/diagnosis/verdict.ts";

export interface StackOutputs {
  readonly run: string;
  /** The node with the worst verdict: the lines up to `fragment` are its own. */
  readonly node: string;
  readonly verdict: NodeVerdict["verdict"];
  /** Empty where there is none. */
  readonly grade: string;
  readonly cause: string;
  readonly explanation: string;
  readonly decision: string;
  readonly next: string;
  /** What to copy; empty where there is nothing to copy. */
  readonly fragment: string;
  /** A line a node. */
  readonly nodes: Readonly<Record<string, string>>;
  /**
   * Everything, for machines. The engine shows each output in full after every update, a JSON text too, some four hundred lines
   * of it, but for properties whose names begin with two underscores.
   */
  readonly report: { readonly run: string; readonly __nodes: Readonly<Record<string, NodeVerdict>> };
}

export const OUTPUTS = [
  "run",
  "node",
  "verdict",
  "grade",
  "cause",
  "explanation",
  "decision",
  "next",
  "fragment",
  "nodes",
  "report",
] as const satisfies (keyof StackOutputs)[];

export function stackOutputs(run: string, nodes: Readonly<Record<string, NodeVerdict>>): StackOutputs {
  const { node, verdict } = worst(nodes);
  const { decision } = verdict;
  return {
    run,
    node,
    verdict: verdict.verdict,
    grade: verdict.grade ?? "",
    cause: verdict.cause,
    explanation: verdict.explanation,
    decision: decision.text,
    next: verdict.verdict === "success" ? decision.nextStep : verdict.fix,
    fragment: decision.manifest ?? "",
    nodes: Object.fromEntries(Object.entries(nodes).map(([name, one]) => [name, verdictInAWord(one)])),
    report: { run, __nodes: nodes },
  };
}

/** A verdict in a few words: `success, grade A`. */
export function verdictInAWord({ verdict, grade, cause }: NodeVerdict): string {
  const graded = grade ? `${verdict}, grade ${grade}` : `${verdict} (no grade)`;
  return verdict === "success" ? graded : `${grade ? graded : verdict}: ${cause}`;
}
