/** Evidence -> verdict: pure, so that the same evidence gives the same answer wherever it was collected. */

import { DECISION, type DecisionWords } from "../contract/decision.ts";
import { READERS } from "../contract/readers.ts";
import type { ProbeRecord } from "../contract/records.ts";
import { believed, type Evidence, type Replacing } from "../evidence/evidence.ts";
import {
  type Cause,
  causes,
  isFuse,
  markerInTime,
  notes,
  notRead,
  of,
  ownNonces,
  type Quote,
  recordQuote,
  untilDecided,
} from "./causes/index.ts";
import { isTried } from "./causes/trials.ts";
import { type Decision, decide, type Grade } from "./decision.ts";
import { gradeOf, isThroughCrash, nextWay, unknownIn } from "./grade.ts";
import { type ManyMounts, manyMountsOf } from "./many.ts";
import { type PermissionMatrix, permissionsOf } from "./permissions.ts";
import { nodeWords, type Platform, platformOf, type TestedDaemon, testedDaemon } from "./platform.ts";
import type { Remedy } from "./remedies/remedy.ts";
import { type SamePod, samePodOf } from "./samePod.ts";
import { type Timeline, timelineOf } from "./timeline.ts";

/** What is worth knowing beside the answer: a figure, no failure. */
export interface Note {
  readonly id: string;
  readonly explanation: string;
  readonly fix: string;
  readonly evidence: readonly Quote[];
}

export interface Verdict {
  readonly verdict: Cause["outcome"];
  readonly cause: string;
  readonly explanation: string;
  readonly fix: string;
  /** The end-to-end tests of this project have applied this fix as it is printed. */
  readonly fixTried: boolean;
  /** The fix as commands and files for this node; undefined where there is nothing to copy. */
  readonly remedy?: Remedy;
  readonly evidence: readonly Quote[];
  readonly decision: Decision;
  /** What it holds for. */
  readonly platform: Platform;
  readonly daemon: TestedDaemon;
  /** Undefined where the question was not answered, or the daemon's crash was not part of the test. */
  readonly grade?: Grade;
  readonly timings: Timeline;
  /** Undefined where the matrix was no part of the test, or has not begun. */
  readonly permissions?: PermissionMatrix;
  /** Undefined where no daemon is a sidecar of its readers' pod. */
  readonly samePod?: SamePod;
  /** Undefined where there are not many mounts. */
  readonly many?: ManyMounts;
  /** Undefined where there is nothing to note. */
  readonly notes?: readonly Note[];
}

/**
 * The verdict the evidence allows, or undefined while more evidence may still decide.
 *
 * @param words what is decided by it, in the operator's words
 */
export function judge(given: Evidence, words: DecisionWords = DECISION): Verdict | undefined {
  const evidence = believed(given);
  // What nobody has read yet may prove more than what explains a failure.
  const unheard = !evidence.final && (evidence.unread ?? []).length > 0;
  const asked = untilDecided(evidence);
  for (const cause of causes) {
    if (unheard && cause.outcome !== "success") continue;
    const quotes = cause.find(asked);
    if (quotes) return verdictOf(cause, quotes, evidence, words);
    // What comes after it explains less, and it may yet be proven.
    if (cause.isPending?.(asked)) return undefined;
  }
  if (unheard) return undefined;
  if (evidence.final || notRead(asked)) return verdictOf(unknown(asked), raw(evidence), evidence, words);
  return undefined;
}

/**
 * True once nothing that is still to come can change the verdict or its grade.
 *
 * @param replacing what is asked about the producer's pod being replaced
 */
export const settled = (verdict: Verdict, replacing?: Replacing): boolean =>
  verdict.verdict !== "success" ||
  (isThroughCrash(verdict.timings) && nextWay(verdict.timings, replacing) === undefined);

type Found = Pick<Cause, "id" | "outcome" | "explanation" | "fix" | "remedy">;

function verdictOf(cause: Found, evidence: readonly Quote[], all: Evidence, words: DecisionWords): Verdict {
  const timings = timelineOf(all, READERS);
  const grade = gradeOf(cause.outcome, timings, all.replacing);
  const permissions = permissionsOf(all);
  const remedy = cause.remedy?.(all, nodeWords(all));
  const samePod = samePodOf(all);
  const many = manyMountsOf(all);
  const noted = cause.outcome === "success" ? notesOf(all) : [];
  return {
    verdict: cause.outcome,
    cause: cause.id,
    explanation: cause.explanation,
    fix: cause.fix,
    fixTried: isTried(cause.id),
    ...(remedy ? { remedy } : {}),
    evidence,
    decision: decide(cause.outcome, grade, words, {
      cause: cause.id,
      unknown: unknownIn(timings),
    }),
    platform: platformOf(all),
    daemon: testedDaemon(all),
    ...(grade ? { grade } : {}),
    timings,
    ...(permissions ? { permissions } : {}),
    ...(samePod ? { samePod } : {}),
    ...(many ? { many } : {}),
    ...(noted.length > 0 ? { notes: noted } : {}),
  };
}

const notesOf = (evidence: Evidence): Note[] =>
  notes.flatMap(({ id, explanation, fix, find }) => {
    const quotes = find(evidence);
    return quotes ? [{ id, explanation, fix, evidence: quotes }] : [];
  });

/** A failure nobody has named yet is a failure only where the question was really asked: a marker was there, and not read. */
function unknown(evidence: Evidence): Found {
  const nonces = ownNonces(evidence);
  const gaveUp = READERS.filter((role) => of(evidence, role, "verdict").some(({ result }) => result === "error"));
  // A nonce that nobody has recorded may be of a marker whose record is still to come: through FUSE it was read all the same.
  const hasRead = ({ result, nonce, mountinfo }: ProbeRecord) =>
    result === "ok" && (nonces.has(nonce ?? "") || isFuse(mountinfo));
  const unread = gaveUp.filter((role) => !of(evidence, role, "read").some(hasRead));
  const asked = unread.length > 0 && markerInTime(evidence);
  const unproven =
    nonces.size > 0 && gaveUp.length > 0
      ? "Every consumer that gave up has read this run's marker, but not in time, or without the negative control's answer."
      : "The test came to no end in its time, and no known cause explains it.";
  return {
    id: "unknown",
    outcome: asked ? "failure" : "inconclusive",
    explanation: asked
      ? "The producer mounted, a consumer does not see or cannot read it, and no known cause explains it."
      : unproven,
    fix: "Read the raw evidence; `kubectl describe pod` and `kubectl logs` in the test's namespace have the rest.",
  };
}

/** Everything that was seen, shortest first to read: states, refusals, events, then the last record of each step. */
function raw(evidence: Evidence): Quote[] {
  const states = evidence.pods.flatMap((pod) =>
    pod.containers.map(({ name, state, reason, message }) => ({
      source: `container ${name} of ${pod.name}`,
      text: [state, reason, message].filter(Boolean).join(": "),
    })),
  );
  const last = new Map(evidence.records.map((record) => [`${record.role} ${record.step}`, record]));
  const found = [
    ...states,
    ...evidence.refusals.map((text) => ({ source: "API server", text })),
    ...evidence.events.map(({ object, reason, message }) => ({
      source: `event ${reason} on ${object}`,
      text: message,
    })),
    ...[...last.values()].map(recordQuote),
  ];
  return found.length > 0 ? found : [{ source: "API server", text: "no pod of the test was seen" }];
}

/** From the best to the worst, for an answer over several nodes. */
const ORDER = ["success", "inconclusive", "failure"] as const;

/** The node whose verdict speaks for all: a failure before an open question, an open question before a success. */
export function worst(nodes: Readonly<Record<string, Verdict>>): { readonly node: string; readonly verdict: Verdict } {
  const entries = Object.entries(nodes).map(([node, verdict]) => ({ node, verdict }));
  const rank = (entry: { verdict: Verdict }) => ORDER.indexOf(entry.verdict.verdict);
  return entries.reduce((a, b) => (rank(b) > rank(a) ? b : a));
}
