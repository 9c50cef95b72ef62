/** How well readers live with the mount: what is known of it, and what is still to be asked. Pure. */
import { GRADED, type ReplacementWay } from "../contract/replacement.ts";
import type { Replacing } from "../evidence/evidence.ts";
import type { Grade } from "./decision.ts";
import { isThrough, type Replacement } from "./replacements.ts";
import type { Timeline } from "./timeline.ts";

type Outcome = "success" | "failure" | "inconclusive";

/**
 * A: readers are back without a restart after a crash of the daemon, and each time that its pod was replaced. B: at one of these a
 * reader was restarted, or did not come back. C: nothing is seen. What nobody has seen gives no grade.
 *
 * @param replacing undefined where replacing the pod is no part of the pair's question: its grade is that of the crash alone
 */
export function gradeOf(outcome: Outcome, timings: Timeline, replacing: Replacing | undefined): Grade | undefined {
  if (outcome === "failure") return "C";
  if (outcome === "inconclusive") return undefined;
  const { replacements } = timings;
  if (replacements.some(losesReaders)) return "B";
  const grade = afterCrash(timings);
  if (grade !== "A" || !replacing) return grade;
  return GRADED.every((way) => replacements.some((one) => one.way === way && isSurvived(one))) ? "A" : undefined;
}

/**
 * Each reader saw the first mount, and read the second one's marker within it, without a restart; or with one, or it looked at the
 * second mount and did not read it.
 */
function afterCrash({ readers, remounted }: Timeline): "A" | "B" | undefined {
  const all = Object.values(readers);
  if (!remounted || all.some(({ seenMs }) => seenMs === undefined)) return undefined;
  if (all.some(({ recoveredMs, notBack }) => recoveredMs === undefined && !notBack)) return undefined;
  if (all.some(({ restarted, notBack }) => restarted || notBack)) return "B";
  return all.some(({ perhapsRestarted }) => perhapsRestarted) ? undefined : "A";
}

/** Where there is no grade: what is not known of the readers. */
export const unknownIn = (timings: Timeline): "crash" | "replaced" =>
  afterCrash(timings) === "A" ? "replaced" : "crash";

/** True once nothing that is still to come can change what is known of the daemon's crash. */
export const isThroughCrash = (timings: Timeline): boolean =>
  timings.complete ||
  (afterCrash(timings) === "A" && Object.values(timings.readers).every(({ heldFile }) => heldFile !== undefined));

/** How the pod is to be replaced next; undefined where nothing more of it is asked, or can change the grade. */
export function nextWay(timings: Timeline, replacing: Replacing | undefined): ReplacementWay | undefined {
  const { replacements } = timings;
  if (!replacing || replacing.refused !== undefined || timings.unaskable || afterCrash(timings) === "B")
    return undefined;
  // A pod that cannot mount, or readers that are lost: another pod in its place would tell nothing new.
  if (replacements.some((one) => isThrough(one) && !isSurvived(one))) return undefined;
  const { ways, unasked = {} } = replacing;
  return ways.find(
    (way) => unasked[way] === undefined && !replacements.some((one) => one.way === way && isThrough(one)),
  );
}

const losesReaders = (one: Replacement): boolean =>
  isThrough(one) && Object.values(one.readers).some(({ notBack, restarted }) => notBack || restarted);

const isSurvived = (one: Replacement): boolean =>
  isThrough(one) && one.mounted && !losesReaders(one) && !Object.values(one.readers).some(({ unclear }) => unclear);
