/** The part of docs/troubleshooting.md on the ways out: cause x way, from the table that the verdicts use. */
import { causes } from "../../core/diagnosis/causes/index.ts";
import { type Cell, cellOf, rowOf } from "../../core/diagnosis/ways/table.ts";
import { NO_WAYS, WAYS, type Way } from "../../core/diagnosis/ways/way.ts";
import { tableLine } from "./tableLine.ts";

const ANSWERS: Readonly<Record<Cell["answer"], string>> = {
  works: "works",
  cannot: "**cannot**",
  "needs-proof": "needs a proof",
};

export function waysTable(): string[] {
  const ids = [...causes.filter(({ outcome }) => outcome !== "success").map(({ id }) => id), "unknown"];
  const isFailure = (id: string) => causes.find((one) => one.id === id)?.outcome !== "inconclusive";
  const asked = ids.filter((id) => rowOf(id).at !== "run");
  const barred = [...asked.filter(isFailure), ...asked.filter((id) => !isFailure(id))];
  const open = ids.filter((id) => rowOf(id).at === "run");
  return [
    "## Ways out",
    "Where the straight way is barred: a verdict prints those that can work for its cause, the best first. What the scenarios of the same run have shown on the node goes before what this table says.",
    ["| way out | what is done | costs | hazards |", "|---|---|---|---|", ...WAYS.map(way)].join("\n"),
    ["| cause | way out | works? | why |", "|---|---|---|---|", ...barred.flatMap(rows)].join("\n"),
    `After ${open.map((id) => `\`${id}\``).join(", ")} every way needs a proof: nothing was asked of the node. Fix the cause and test again.`,
    "**No way out.** What people try to the same end, and what never reaches it:",
    NO_WAYS.map(({ id, wanted, why }) => `- **${id}**, for ${wanted}: ${why}.`).join("\n"),
  ];
}

const way = ({ id, text, costs, hazards }: Way): string => tableLine([id, text, costs, hazards ?? ""]);

const rows = (cause: string): string[] =>
  WAYS.map((one) => {
    const { answer, why, mind, proof } = cellOf(cause, one);
    const notes = [why, mind, proof && `shown by ${proof}`].filter(Boolean).join("; ");
    return tableLine([cause, one.id, ANSWERS[answer], notes]);
  });
