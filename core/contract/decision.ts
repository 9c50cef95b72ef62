/** What a verdict comes down to for the operator: the setting `decision`. */
export interface DecisionWords {
  /** What is done after a success. */
  readonly success: string;
  /** What is done after a failure. */
  readonly failure: string;
  /** Ways to the same end after a failure, beside those that hold for everybody. */
  readonly waysOut: readonly string[];
}

/** For a test of which nobody has said what hangs on it. */
export const DECISION: DecisionWords = {
  success: "Deploy the daemon in the cluster.",
  failure: "Keep the mount outside the cluster.",
  waysOut: [],
};
