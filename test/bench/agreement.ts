/** What many runs of the same test answered, and whether they agree. Pure. */
import type { PermissionMatrix } from "../../core/diagnosis/permissions.ts";
import type { Verdict } from "../../core/diagnosis/verdict.ts";
import type { StartDocument } from "../e2e/sandbox.ts";

/** The answer of one run to one question. */
export interface Answer {
  /** Whose it is: a node's, or one of its scenarios', or the residue of the run. */
  readonly of: string;
  readonly says: string;
  /** Whether the question stayed open. */
  readonly open: boolean;
}

/** Of this many runs, one may leave a question open. */
const ONE_OPEN_OF = 20;

/**
 * @param document undefined where a run came to no answer at all
 * @param graded whether the daemon's crash was part of it: then a success without a grade is an open question
 */
export function answersOf(document: StartDocument | undefined, graded: boolean): Answer[] {
  if (!document) return [{ of: "run", says: "no document", open: true }];
  const nodes = Object.entries(document.nodes).flatMap(([node, verdict]) => [
    answer(node, verdict, verdict.permissions ? cells(verdict.permissions) : "", graded),
    ...Object.entries(verdict.scenarios ?? {}).map(([id, found]) =>
      answer(`${node} ${id}`, found, found.finding, false),
    ),
  ]);
  return [...nodes, { of: "residue", says: document.residue.join("; ") || "none", open: false }];
}

function answer(of: string, { verdict, grade, cause }: Verdict, more: string, graded: boolean): Answer {
  const open = verdict === "inconclusive" || more.startsWith("Not answered") || (graded && grade === undefined);
  return { of, says: [verdict, grade ?? "-", cause, more].filter(Boolean).join(" "), open };
}

/** What the runs answered to each question, how often, and whether they agree. */
export function agreement(runs: readonly (readonly Answer[])[]): {
  readonly agreed: boolean;
  readonly lines: readonly string[];
} {
  const counts = new Map<string, { readonly answer: Answer; readonly times: number }>();
  for (const answer of runs.flat()) {
    const key = `${answer.of}  ${answer.says}`;
    counts.set(key, { answer, times: (counts.get(key)?.times ?? 0) + 1 });
  }
  const closed = [...counts.values()].filter(({ answer }) => !answer.open).map(({ answer }) => answer.of);
  const contradicted = closed.filter((of, index) => closed.indexOf(of) !== index);
  const open = runs.filter((answers) => answers.some((answer) => answer.open)).length;
  const agreed = contradicted.length === 0 && open <= Math.ceil(runs.length / ONE_OPEN_OF);
  return {
    agreed,
    lines: [
      ...[...counts].sort().map(([key, { times }]) => `${times} of ${runs.length}  ${key}`),
      `${agreed ? "✓" : "✗"} ${runs.length} runs: ${open} left a question open, ${new Set(contradicted).size} questions have different answers`,
    ],
  };
}

/** How many cells of the matrix can be read: one number that changes where any of them does. */
function cells(matrix: PermissionMatrix): string {
  const read = Object.values(matrix).flatMap(({ readers }) =>
    Object.values(readers).map((access) => access?.read ?? "not probed"),
  );
  return `${read.filter((one) => one === "ok").length} of ${read.length} cells read`;
}
