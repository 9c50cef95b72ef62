/** The laws that every answer must keep, whatever happens on a node and however its evidence travels. */

import type { ProbeRecord } from "../../core/contract/records.ts";
import type { judge, settled, Verdict } from "../../core/diagnosis/verdict.ts";
import type { Evidence } from "../../core/evidence/evidence.ts";
import { numbers } from "./clock.ts";
import { type Collected, collect, evidenceAt, isReplacing } from "./collector.ts";
import { notA, notB } from "./grades.ts";
import { history } from "./kubelet.ts";
import type { Plan } from "./plan.ts";
import { PREMISES } from "./premises.ts";
import { END, type Look, type OwnMount, START, type World } from "./world.ts";

export interface Judge {
  readonly judge: typeof judge;
  readonly settled: typeof settled;
}

export const LAWS = [
  "success only where it propagated",
  "grade A only where it is so",
  "grade B only where it is so",
  "C is a failure, and a failure is C",
  "a settled answer stays",
  "the end has an answer",
  "order of arrival changes nothing",
  "what comes twice changes nothing",
  "what is foreign changes nothing",
  "no cause against its premise",
] as const;
export type Law = (typeof LAWS)[number];

export interface Violation {
  readonly law: Law;
  readonly text: string;
  readonly evidence: Evidence;
  readonly verdict: Verdict | undefined;
}

const READERS = ["default", "hardened"] as const;
/** How many moments of a history are judged. */
const MOMENTS = 4;

/** @param collected what was collected of the plan's history, where it was run before */
export function violations(plan: Plan, by: Judge, collected = collect(history(plan))): Violation[] {
  const { world } = collected;
  const random = numbers(plan.seed + 1);
  const found: Violation[] = [];
  const moments = pick(collected.arrivals, random);
  let before: { readonly verdict: Verdict; readonly time: number } | undefined;
  for (const time of [...moments, END]) {
    if (isReplacing(collected, time)) continue;
    const evidence = evidenceAt(collected, time, false);
    const verdict = by.judge(evidence);
    const report = (law: Law, text: string) => found.push({ law, text, evidence, verdict });
    if (verdict) wrong(world, verdict, { time, final: false }, report);
    if (before && verdict && answer(verdict) !== answer(before.verdict))
      report(
        "a settled answer stays",
        `${answer(before.verdict)} at ${at(before.time)}, ${answer(verdict)} at ${at(time)}`,
      );
    if (!before && verdict && by.settled(verdict, evidence.replacing)) before = { verdict, time };
  }
  const [middle = END] = moments.slice(Math.floor(random() * moments.length));
  for (const time of [middle, END]) {
    const evidence = evidenceAt(collected, time, true);
    const verdict = by.judge(evidence);
    const report = (law: Law, text: string) => found.push({ law, text, evidence, verdict });
    if (!verdict) report("the end has an answer", `none at ${at(time)}`);
    else wrong(world, verdict, { time, final: true }, report);
    if (time === END) same(collected, evidence, verdict, random, by, report);
  }
  return found;
}

type Tell = (law: Law, text: string) => void;

const at = (time: number): string => `${(time - START).toFixed(2)} s`;
const answer = (verdict: Verdict | undefined): string =>
  verdict ? [verdict.verdict, verdict.cause, verdict.grade ?? "no grade"].join(" ") : "no answer yet";
const whole = (verdict: Verdict | undefined): string =>
  JSON.stringify([answer(verdict), verdict?.timings, verdict?.notes?.map(({ id }) => id)]);

function pick(all: readonly number[], random: () => number): number[] {
  const chosen = new Set<number>();
  for (let n = 0; n < MOMENTS && all.length > 0; n++) chosen.add(all[Math.floor(random() * all.length)] ?? END);
  return [...chosen].sort((a, b) => a - b);
}

/** What of a verdict contradicts what really happened. */
function wrong(world: World, verdict: Verdict, moment: { time: number; final: boolean }, report: Tell): void {
  const premise = PREMISES[verdict.cause];
  if (!premise) report("no cause against its premise", `premises.ts states none of ${verdict.cause}`);
  else if (!premise(world, moment, verdict)) report("no cause against its premise", answer(verdict));
  if (verdict.verdict === "success") {
    const missing = unproven(world);
    if (missing) report("success only where it propagated", missing);
  }
  const { grade } = verdict;
  if ((grade === "C") !== (verdict.verdict === "failure"))
    report("C is a failure, and a failure is C", answer(verdict));
  if (grade === "A" || grade === "B") {
    const against = grade === "A" ? notA(world) : notB(world);
    if (against) report(`grade ${grade} only where it is so`, against);
  }
}

/** Why a success would be none. */
function unproven({ truth, plan }: World): string | undefined {
  if (plan.pods === "hardened-is-root") return "the hardened reader is root";
  if (plan.pods === "control-off-bridge") return "the control is not on the bridge";
  for (const role of READERS) {
    const proof = truth.mounts.some((own) => truth.looks[role].some((look) => isProof(own, look, truth)));
    if (!proof) return `${role} has read no marker that came by propagation while the control did not`;
  }
  return undefined;
}

/** A source may still hold the marker of an earlier mount of this run: it is read through this one all the same. */
const isProof = (own: OwnMount, look: Look, { mounts, looks, births }: World["truth"]): boolean =>
  look.fs === own.fs &&
  look.propagated &&
  look.nonce !== undefined &&
  mounts.some(({ nonce }) => nonce === look.nonce) &&
  births.control.some((born) => born < own.at) &&
  looks.control.some((other) => other.at > look.at && other.nonce !== look.nonce) &&
  !looks.control.some((other) => other.fs === own.fs && other.nonce !== undefined && !isCopy(own, other, births));

/** A control that was killed and made again while the mount was there has a copy of it: it has received nothing. */
const isCopy = (own: OwnMount, { at }: Look, births: World["truth"]["births"]): boolean =>
  (births.control.findLast((born) => born <= at) ?? 0) > own.at;

/** The same evidence, in another order, twice, or among what is not of this run. */
function same(
  { logs }: Collected,
  evidence: Evidence,
  verdict: Verdict | undefined,
  random: () => number,
  by: Judge,
  report: Tell,
): void {
  const expected = whole(verdict);
  const check = (law: Law, more: Partial<Evidence>) => {
    const other = whole(by.judge({ ...evidence, ...more }));
    if (other !== expected) report(law, `${expected} became ${other}`);
  };
  const { records } = evidence;
  const own = logs.map(({ lines }) => lines.map(({ record }) => record).filter((one) => records.includes(one)));
  check("order of arrival changes nothing", {
    records: shuffled(own, random).flat(),
    pods: [...evidence.pods].reverse(),
    events: [...evidence.events].reverse(),
  });
  const twice = own[Math.floor(random() * own.length)] ?? [];
  check("what comes twice changes nothing", {
    records: [...records, ...twice],
    events: [...evidence.events, ...evidence.events],
  });
  check("what is foreign changes nothing", {
    records: [...foreign(records, random), ...records, ...foreign(records, random)],
  });
}

/** Well-formed records of another run, another node, or a container that is none of the pair's. */
const foreign = (records: readonly ProbeRecord[], random: () => number): ProbeRecord[] =>
  records
    .filter(() => random() < 0.2)
    .map((record) => {
      const kind = random();
      if (kind < 0.4) return { ...record, run: "r0", uptime: record.uptime - 3 };
      return kind < 0.8 ? { ...record, node: "k3s-w1" } : { ...record, role: "user" };
    });

function shuffled<T>(all: readonly T[], random: () => number): T[] {
  return all
    .map((one) => [random(), one] as const)
    .sort(([a], [b]) => a - b)
    .map(([, one]) => one);
}
