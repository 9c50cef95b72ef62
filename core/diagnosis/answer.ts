/** What is answered for a node: the verdict of its base pair, and what each scenario found. Pure. */

import type { DecisionWords } from "../contract/decision.ts";
import { faultIn } from "../contract/faults.ts";
import { READERS } from "../contract/readers.ts";
import type { ReplacementWay } from "../contract/replacement.ts";
import type { SamePodWay } from "../contract/samePod.ts";
import { type Scenario, type ScenarioId, scenarioOf } from "../contract/scenarios.ts";
import { believed, type Evidence } from "../evidence/evidence.ts";
import type { RecipeTrial } from "../recipe/trial.ts";
import { meantFault, OOM_KILLED } from "./causes/index.ts";
import { decide } from "./decision.ts";
import { isThroughCrash, nextWay, unknownIn } from "./grade.ts";
import { manyMountsCost, manyMountsFault } from "./many.ts";
import { permissionsComplete } from "./permissions.ts";
import { isAtRest, isThrough } from "./replacements.ts";
import { isThroughSamePod, nextDeletion, samePodFault, samePodHazard } from "./samePod.ts";
import type { ReaderTimeline } from "./timeline.ts";
import { settled, type Verdict } from "./verdict.ts";

/** How a finding begins that says nothing of the node. */
const NOT_ANSWERED = "Not answered";

/** What a scenario's own pair found. */
export interface ScenarioVerdict extends Verdict {
  /** Whether the pair ended as the scenario means to show: back again, or caught in the trap it sets. */
  readonly asExpected: boolean;
  /** What that means for whoever asked, in one sentence. */
  readonly finding: string;
}

/** The answer for one node. */
export interface NodeVerdict extends Verdict {
  /** By the scenario's name; undefined where no scenario with a pair of its own was run. */
  readonly scenarios?: Readonly<Record<string, ScenarioVerdict>>;
  /** What became of the recipe on trial; undefined where that was not asked. */
  readonly recipe?: RecipeTrial;
}

/** A node's verdict with what its scenarios found: what they have shown may open a way out, or bar one. */
export function nodeVerdict(
  base: Verdict,
  scenarios: Readonly<Record<string, ScenarioVerdict>>,
  words?: DecisionWords,
): NodeVerdict {
  const found = Object.entries(scenarios);
  if (found.length === 0) return base;
  // What was not answered shows nothing.
  const answered = found.filter(
    ([, { verdict, finding }]) => verdict !== "inconclusive" && !finding.startsWith(NOT_ANSWERED),
  );
  const shown = Object.fromEntries(answered.map(([id, { asExpected }]) => [id, asExpected]));
  const decision = decide(base.verdict, base.grade, words, {
    cause: base.cause,
    shown,
    unknown: unknownIn(base.timings),
  });
  return { ...base, decision, scenarios };
}

/** True once nothing that is still to come can change the verdict of a pair, its grade or its permission matrix. */
export const answered = (verdict: Verdict, evidence: Evidence, names: readonly ScenarioId[]): boolean =>
  evidence.final ||
  (settled(verdict, evidence.replacing) &&
    hasMatrix(verdict, evidence, names) &&
    isEndReported(verdict, evidence) &&
    (!evidence.samePod || verdict.verdict !== "success" || isThroughSamePod(evidence)));

/** That it was killed for its memory a container cannot say of itself: the kubelet does. */
const isEndReported = ({ verdict, timings }: Verdict, evidence: Evidence): boolean =>
  verdict !== "success" || !meantFault(evidence)?.outOfMemory || timings.producerEnded !== undefined;

/**
 * How the producer's pod is to be replaced now: everything else is known of its pair, the pod has nothing more to do, and its readers
 * read what it has mounted.
 */
export const wayNow = (
  verdict: Verdict,
  evidence: Evidence,
  names: readonly ScenarioId[],
): ReplacementWay | undefined =>
  verdict.verdict === "success" &&
  isThroughCrash(verdict.timings) &&
  hasMatrix(verdict, evidence, names) &&
  // A file of the daemon's own is read as before until a reader tells that it was gone meanwhile.
  verdict.timings.replacements.every(isThrough) &&
  isAtRest(believed(evidence), READERS)
    ? nextWay(verdict.timings, evidence.replacing)
    : undefined;

/** The same of a pod whose daemon is a sidecar. */
export const deletionNow = (verdict: Verdict, evidence: Evidence): SamePodWay | undefined =>
  verdict.verdict === "success" ? nextDeletion(evidence) : undefined;

function hasMatrix(verdict: Verdict, evidence: Evidence, names: readonly ScenarioId[]): boolean {
  const asked = names.includes("permissions") && evidence.scenario === undefined && verdict.verdict === "success";
  return !asked || permissionsComplete(evidence);
}

/**
 * A scenario asks more than "is it seen?": where nothing is seen, it cannot ask, unless its pair does without what the base pair
 * needs.
 */
export const isAsked = ({ verdict }: Verdict, scenario: string): boolean =>
  verdict === "success" || scenarioOf(scenario)?.onItsOwn === true;

export function scenarioVerdict(id: string, verdict: Verdict): ScenarioVerdict {
  const scenario = scenarioOf(id);
  const missing = scenario && premiseMissing(scenario, verdict);
  const asExpected = missing === undefined && endsAsExpected(id, verdict);
  const more = verdict.samePod ? samePodHazard(verdict.samePod) : verdict.many && manyMountsCost(verdict.many);
  const finding =
    missing ?? (asExpected ? [scenario?.yes, more].filter(Boolean).join(" ") : otherwise(verdict, scenario));
  return { ...verdict, asExpected, finding: finding ?? verdict.explanation };
}

/** What did not come about, on a busy node for one, and without which the scenario has asked nothing. */
function premiseMissing({ pair }: Scenario, { verdict, cause, timings, samePod, many }: Verdict): string | undefined {
  if (pair === "base") return undefined;
  const readers = Object.values(timings.readers);
  if (pair.readersRestart === "still-dead" && cause === "consumer-binds-mountpoint" && readers.some(isNotBack))
    return `${NOT_ANSWERED}: a reader was not to be made again while the daemon was back.`;
  if (verdict !== "success") return undefined;
  if (samePod) {
    const found = samePodFault(samePod);
    return found?.open ? `${NOT_ANSWERED}: ${found.words}` : undefined;
  }
  if (pair.mounts) {
    const found = manyMountsFault(many);
    return found?.open ? `${NOT_ANSWERED}: ${found.words}` : undefined;
  }
  // Where nothing knows the field it is left out, and the pod starts as any other.
  if (pair.userNamespace && !readers.every(({ userNamespace }) => userNamespace))
    return `${NOT_ANSWERED}: the consumer was not given a user namespace of its own.`;
  const fault = faultIn(pair);
  if (fault && (!timings.remounted || readers.some(({ leftEarly }) => leftEarly)))
    return `${NOT_ANSWERED}: the daemon did not mount again while the readers looked.`;
  if (fault && readers.some(({ recoveredMs, notBack }) => recoveredMs === undefined && !notBack))
    return `${NOT_ANSWERED}: a reader has not reported what it saw of the second mount.`;
  if (fault?.hangs && !readers.some(({ stale }) => stale?.errno === "ETIMEDOUT"))
    return `${NOT_ANSWERED}: no reader met the daemon while it hung.`;
  if (fault?.hangs && !timings.aborted)
    return `${NOT_ANSWERED}: the connection of the daemon that hung could not be aborted.`;
  if (fault?.outOfMemory && timings.producerEnded !== OOM_KILLED)
    return `${NOT_ANSWERED}: the kubelet does not say that the producer was killed for its memory (${timings.producerEnded ?? "nothing"}).`;
  if (pair.late && !readers.every(({ bornLate }) => bornLate))
    return `${NOT_ANSWERED}: the consumer was not created after the mount.`;
  if (pair.readersRestart && readers.some(({ recoveredMs, restarted }) => recoveredMs !== undefined && !restarted))
    return `${NOT_ANSWERED}: a reader was back before it was restarted.`;
  return undefined;
}

const isNotBack = ({ recoveredMs }: ReaderTimeline): boolean => recoveredMs === undefined;

function otherwise(
  { verdict, cause, explanation, samePod, many }: Verdict,
  scenario: Scenario | undefined,
): string | undefined {
  // The base pair's mount crosses, or nobody would ask: where this one's does not, and nobody knows why, it was not the scenario.
  if (verdict === "inconclusive" || (verdict === "failure" && cause === "unknown"))
    return `${NOT_ANSWERED}: ${explanation}`;
  // A trap that was meant, but another one that closed: what closed says more than what did not.
  if (verdict === "failure" && (scenario?.expected || samePod)) return explanation;
  return (samePod ? samePodFault(samePod) : many && manyMountsFault(many))?.words ?? scenario?.no;
}

function endsAsExpected(id: string, { cause, timings, notes = [], samePod, many }: Verdict): boolean {
  const scenario = scenarioOf(id);
  if (!scenario || scenario.pair === "base" || cause !== (scenario.expected ?? "success")) return false;
  if (cause !== "success") return true;
  if (scenario.pair.samePod) return samePod !== undefined && samePodFault(samePod) === undefined;
  if (scenario.pair.mounts) return manyMountsFault(many) === undefined;
  if (scenario.pair.delaySeconds) return notes.some((note) => note.id === "slow-mount");
  return !faultIn(scenario.pair) || !Object.values(timings.readers).some(isNotBack);
}
