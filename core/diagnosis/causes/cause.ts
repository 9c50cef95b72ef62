import type { Evidence } from "../../evidence/evidence.ts";
import type { NodeWords, Remedy } from "../remedies/remedy.ts";

/** A piece of evidence in its own words, and where it stands. */
export interface Quote {
  readonly source: string;
  readonly text: string;
}

export interface Cause {
  /** Stable: scripts and links name it. */
  readonly id: string;
  /**
   * success; failure: the question was asked, and the answer is no for this node or this deployment; inconclusive: it could
   * not be asked, or the run is void.
   */
  readonly outcome: "success" | "failure" | "inconclusive";
  /** What a person meets who has not read the verdict: the words of an error, or what a pod sees. Markdown. */
  readonly symptom: string;
  readonly explanation: string;
  readonly fix: string;
  /**
   * The end-to-end tests have applied the fix as a verdict prints it, and the next run succeeded.
   * @default false
   */
  readonly tried?: boolean;
  /** The fix as things to copy, for a node that says this of itself; undefined where there is nothing to copy. */
  remedy?(evidence: Evidence, node: NodeWords): Remedy | undefined;
  /** The proof, or undefined where this is not, or not yet, the cause. Never empty. */
  find(evidence: Evidence): readonly Quote[] | undefined;
  /** Whether something points to it that more evidence may prove: until then nothing that comes after it is certain. */
  isPending?(evidence: Evidence): boolean;
}
