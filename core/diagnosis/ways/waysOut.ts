/** The ways out that a verdict gives: those that can work for its cause, the best first. */
import { type Cell, cellOf, rowOf, type Shown } from "./table.ts";
import { WAYS, type Way } from "./way.ts";

export interface WayOut {
  readonly id: string;
  readonly text: string;
  /** works: nothing that it stands on is taken away by the cause; needs-proof: that is not known, and `proof` would tell. */
  readonly answer: "works" | "needs-proof";
  readonly why: string;
  readonly proof?: string;
  /** What is to be minded with this cause. */
  readonly mind?: string;
  readonly costs: string;
  readonly hazards?: string;
}

/**
 * @param shown what scenarios of the same run have shown on the node
 * @returns what works goes before what needs a proof, and what was proven here before both; else the order is that of the table
 */
export function waysOutOf(cause: string, shown: Shown = {}): readonly WayOut[] {
  if (rowOf(cause).at === "run") return [];
  return WAYS.flatMap((way: Way) => {
    const cell = cellOf(cause, way, shown);
    return cell.answer === "cannot" ? [] : [{ way, cell, answer: cell.answer }];
  })
    .map((one, index) => ({ ...one, rank: rankOf(one.way, one.cell, shown), index }))
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .map(({ way, cell, answer }) => ({
      id: way.id,
      text: way.text,
      answer,
      why: cell.why,
      ...(cell.proof === undefined ? {} : { proof: cell.proof }),
      ...(cell.mind === undefined ? {} : { mind: cell.mind }),
      costs: way.costs,
      ...(way.hazards === undefined ? {} : { hazards: way.hazards }),
    }));
}

function rankOf(way: Way, cell: Cell, shown: Shown): number {
  if (way.scenario !== undefined && shown[way.scenario]) return 0;
  return cell.answer === "works" ? 1 : 2;
}

/** A way out as one line for people. */
export const wayOutLine = ({ text, mind, costs, hazards, proof }: WayOut): string =>
  [
    text,
    ...(mind === undefined ? [] : [mind]),
    `costs: ${costs}`,
    ...(hazards === undefined ? [] : [`hazards: ${hazards}`]),
    ...(proof === undefined ? [] : [`first to be shown by ${proof}`]),
  ].join("; ");
