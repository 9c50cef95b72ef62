/** What to do with an answer: the decision in the operator's words, and the next step that the grade allows. */
import { DECISION, type DecisionWords } from "../contract/decision.ts";
import { fragment } from "../recipe/fragment.ts";
import { rowOf, type Shown } from "./ways/table.ts";
import { type WayOut, wayOutLine, waysOutOf } from "./ways/waysOut.ts";

export interface Decision {
  readonly text: string;
  readonly nextStep: string;
  /** What to copy, where there is something to copy. */
  readonly manifest?: string;
  /** Other ways to the same end, where the straight one is barred: those of `ways` as lines, then the operator's own. */
  readonly waysOut?: readonly string[];
  /** Those that can work for this cause, the best first. */
  readonly ways?: readonly WayOut[];
}

/** What was found that decides about the ways out. */
export interface Barred {
  /** The cause's id. */
  readonly cause: string;
  /** What scenarios of the same run have shown on the node. */
  readonly shown?: Shown;
  /**
   * What the run did not find out, where there is no grade: what readers do after a crash, or when the pod is replaced.
   * @default crash
   */
  readonly unknown?: "crash" | "replaced";
}

/**
 * A: visible, readable by a non-root consumer, and back by itself when the daemon is, after a crash and in another pod. B: visible,
 * but a consumer must be restarted. C: not visible.
 */
export type Grade = "A" | "B" | "C";

const UNKNOWN = {
  crash: "after the daemon's crash",
  replaced: "when the daemon's pod is replaced (scenario `producer-replaced`)",
} as const;

/**
 * @param grade undefined where the run did not find out whether readers come back
 * @param words what is decided by the verdict
 * @param barred what bars the straight way, where the verdict is no success
 */
export function decide(
  verdict: "success" | "failure" | "inconclusive",
  grade: Grade | undefined,
  words: DecisionWords = DECISION,
  barred: Barred = { cause: "unknown" },
): Decision {
  if (verdict === "inconclusive") return undecided(barred);
  if (verdict === "failure") {
    const ways = waysOutOf(barred.cause, barred.shown);
    return {
      text: words.failure,
      nextStep: `${FIX[rowOf(barred.cause).at]}; until it succeeds, take one of the ways out, the best first.`,
      waysOut: [...ways.map(wayOutLine), ...words.waysOut],
      ways,
    };
  }
  if (grade === "B")
    return {
      text: words.success,
      nextStep:
        "Write the deployment with `npm run recipe`: its probe restarts readers, which do not come back by themselves when the daemon does.",
      manifest: fragment(grade),
    };
  if (grade === undefined)
    return {
      text: words.success,
      nextStep: `Find out first whether readers come back ${UNKNOWN[barred.unknown ?? "crash"]}, which this run does not tell; until then give each reader a liveness probe.`,
      manifest: fragment(grade),
    };
  return {
    text: words.success,
    nextStep:
      "Write the deployment with `npm run recipe`, of which this is a part: it takes a dead mount away first, and grade A rests on that.",
    manifest: fragment(grade),
  };
}

const FIX = {
  node: "Fix the cause above if you can and test again",
  cluster: "Fix the cause above if you can and test again",
  pods: "Fix the cause above and test again: it is in the pods, not in the node",
  daemon: "Fix the cause above and test again: it is in the daemon's options, not in the node",
  run: "Fix the cause above and test again",
} as const;

/** What nothing is known of is asked again; what the node or the cluster denies may have to stay so. */
function undecided({ cause, shown }: Barred): Decision {
  const ways = cause === "unknown" ? [] : waysOutOf(cause, shown);
  const text = "Decide nothing yet: the question was not answered.";
  if (ways.length === 0) return { text, nextStep: "Fix the cause above and test again." };
  return {
    text,
    nextStep: "Fix the cause above and test again; where it cannot be fixed, these ways do without it, the best first.",
    waysOut: ways.map(wayOutLine),
    ways,
  };
}
