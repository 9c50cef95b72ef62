/** What each scenario did to a mount, and what became of it: one line each, from one node's verdict. */

import { PAIR_SCENARIOS } from "../../core/contract/scenarios.ts";
import type { Variation } from "../../core/contract/variation.ts";
import type { NodeVerdict } from "../../core/diagnosis/answer.ts";
import type { Verdict } from "../../core/diagnosis/verdict.ts";

const HEAD = ["scenario", "provoked", "readers saw", "back after (ms)", "mounts before/after", "answer"];

export function scenarioTable(verdict: NodeVerdict): string[] {
  const replaced = verdict.timings.replacements.map(({ way, left, readers }) => {
    const each = Object.values(readers);
    return [
      "producer-replaced",
      `pod replaced: ${way}`,
      some(each.map(({ errno }) => errno)),
      some(each.map(({ backMs }) => backMs)),
      `${left} left, ${some(each.map(({ mountsAdded }) => mountsAdded))} added`,
      `grade ${verdict.grade}`,
    ];
  });
  const pairs = PAIR_SCENARIOS.map(({ id, pair }) => {
    const found = verdict.scenarios?.[id];
    return found ? rowOf(id, provokedBy(pair), found) : [id, provokedBy(pair), "", "", "", "not asked"];
  });
  return [HEAD, rowOf("daemon-crash", "fault: crash", verdict), ...replaced, ...pairs].map((row) => row.join(" | "));
}

function rowOf(id: string, provoked: string, { cause, grade, timings, samePod }: Verdict): string[] {
  const each = Object.values(timings.readers);
  const revived = samePod?.revivals.flatMap(({ readers }) => Object.values(readers)) ?? [];
  return [
    id,
    provoked,
    some(each.map(({ stale }) => stale?.errno)),
    some([...each.map(({ recoveredMs }) => recoveredMs), ...revived.map(({ backMs }) => backMs)]),
    some(each.map(({ mounts }) => (mounts ? `${mounts.before}/${mounts.after}` : undefined))),
    grade ? `grade ${grade}` : cause,
  ];
}

/** What makes a pair another one than the base pair. */
const provokedBy = (pair: Variation): string =>
  Object.entries(pair)
    .map(([key, value]) => (value === true ? key : `${key}: ${value}`))
    .join(", ");

const some = (values: readonly (string | number | undefined)[]): string =>
  [...new Set(values.filter((value) => value !== undefined))].join(", ") || "nothing";
