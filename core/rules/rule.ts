import type { Look } from "./look.ts";

export type Severity = "low" | "medium" | "high" | "critical";

/** One isolation rule. Its id is stable: tools and tests refer to it. */
export interface Rule {
  readonly id: string;
  readonly severity: Severity;
  /** What holds where the rule is kept, as one sentence. */
  readonly title: string;
  /** What to do where it is broken. */
  readonly remedy: string;
  /** Reports every breach through `look.fault`. Reads fields only through `look`, so that none that is unknown passes. */
  check(look: Look): void;
}

/** One breach of one rule by one field. */
export interface Violation {
  readonly rule: string;
  readonly severity: Severity;
  readonly kind: string;
  /** Empty where the object has none. */
  readonly namespace: string;
  readonly name: string;
  /** Of the field within its document, such as `spec.containers[0].image`. */
  readonly path: string;
  /** Object, field, value and remedy in one line. */
  readonly message: string;
}
