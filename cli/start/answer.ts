/** What a run comes to: its verdicts and what it left, as lines and as an exit code. */
import { MARKS } from "../../base/marks.ts";
import type { NodeVerdict } from "../../core/diagnosis/answer.ts";
import { worst } from "../../core/diagnosis/verdict.ts";
import { verdictInAWord } from "../../report/outputs.ts";
import { verdictLines } from "../../report/terminal.ts";
import { EXIT } from "../run.ts";

/** The document of `--json`. */
export interface StartResult {
  readonly nodes: Readonly<Record<string, NodeVerdict>>;
  /** Undefined where nobody looked: the document must not say that nothing is left. */
  readonly residue: readonly string[] | undefined;
}

export const answerLines = ({ nodes, residue }: StartResult): string[] => [
  ...Object.entries(nodes).flatMap(([node, verdict]) => ["", ...verdictLines(node, verdict)]),
  "",
  // Each one's own lines are a screenful.
  ...(Object.keys(nodes).length > 1
    ? Object.entries(nodes).map(([node, one]) => `${MARKS[one.verdict]} ${node}: ${verdictInAWord(one)}`)
    : []),
  ...(residue ?? []).map((line) => `${MARKS.failure} left behind on ${line}`),
  ...(residue?.length === 0 ? [`${MARKS.success} nothing is left on the nodes`] : []),
];

export function startExitCode({ nodes, residue = [] }: StartResult): number {
  if (residue.length > 0 || Object.keys(nodes).length === 0) return EXIT.tool;
  return EXIT[worst(nodes).verdict.verdict];
}
