import type { Allowed } from "./allowed.ts";
import type { Review, RuleIdentity } from "./review.ts";

/** One isolation rule: what it restricts, and the check of it, in TypeScript and in CEL. */
export interface Rule extends RuleIdentity {
  /** The fields it restricts and the values it lets through, for docs/rules.md. */
  readonly restrictions: readonly Restriction[];
  /** Reports every violation to the review. Reads fields through its cursors only, so that no unknown value passes. */
  check(review: Review): void;
  /** The same for the API server, or the reason why CEL cannot say it. */
  readonly cel: Cel | Inexpressible;
}

export interface Restriction {
  /**
   * Paths as violations have them, from the object's root; in a pod, from the root of the pod or of the template. `[*]` is any
   * entry of a list or a map, `.*` any field, `{a,b}` either of two.
   */
  readonly fields: readonly string[];
  /** Markdown. */
  readonly allowed: string;
}

/** A rule in CEL: expressions that hold for every object that keeps it. core/admission makes policies of them. */
export interface Cel {
  /** Of each pod in the test's namespace; they may use the variables of core/rules/podVariables.ts. */
  readonly pods?: (allowed: Allowed) => readonly string[];
  /** Of every object in the test's namespace, of any kind. */
  readonly objects?: (allowed: Allowed) => readonly string[];
  /**
   * What the check sees and the API server does not, as a sentence.
   * @default nothing
   */
  readonly beyond?: string;
}

export interface Inexpressible {
  /** Why CEL cannot say it, as a sentence. */
  readonly inexpressible: string;
}

/** A field of every container of a pod, of any kind. */
export const inContainers = (path: string): string => `spec.{initContainers,containers,ephemeralContainers}[*].${path}`;

/** Values in Markdown. */
export const values = (all: Iterable<string>): string => [...all].map((value) => `\`${value}\``).join(", ");
