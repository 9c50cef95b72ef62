import { printable } from "../../base/printable.ts";
import type { Allowed } from "./allowed.ts";
import { Cursor } from "./cursor.ts";
import { type PodView, podsOf } from "./pods.ts";
import type { Subject } from "./subject.ts";

export type Severity = "low" | "medium" | "high" | "critical";

/** What a violation says of the rule that is broken. */
export interface RuleIdentity {
  /** Stable: tools, fixtures and tests refer to it. */
  readonly id: string;
  readonly severity: Severity;
  /** What holds where the rule is followed, as one sentence. */
  readonly title: string;
  /** What to do where it is broken. */
  readonly remedy: string;
}

/** One violation of one rule by one field. */
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

/** Longer values are cut: a message is one line. */
const LONGEST_VALUE = 80;

/** Nobody reads more violations of one object, and each takes memory. */
const MOST_VIOLATIONS = 1000;

/** One object under review: what it holds, what is allowed, and the violations found so far. */
export class Review {
  readonly subject: Subject;
  readonly allowed: Allowed;
  readonly object: Cursor;
  readonly violations: Violation[] = [];
  private rule: RuleIdentity | undefined;
  private found: { readonly pods: readonly PodView[]; readonly unknown: readonly Cursor[] } | undefined;
  private searching: Cursor[] | undefined;
  private readonly reported = new Set<string>();

  constructor(subject: Subject, allowed: Allowed) {
    this.subject = subject;
    this.allowed = allowed;
    const onUnknown = (field: Cursor) => {
      if (this.searching) this.searching.push(field);
      else this.reportUnknown(field);
    };
    let root = new Cursor(undefined, onUnknown);
    for (const [index, key] of subject.prefix.entries())
      root = new Cursor(index === subject.prefix.length - 1 ? subject.object : undefined, onUnknown, root, key);
    this.object = subject.prefix.length > 0 ? root : new Cursor(subject.object, onUnknown);
  }

  /** Reviews the object by one rule: what is reported from now on is reported as a violation of it. */
  by(rule: RuleIdentity & { check(review: Review): void }): void {
    this.rule = rule;
    rule.check(this);
  }

  /** Every pod in the object. They are searched once; what is unknown on the way concerns each rule that asks. */
  pods(): readonly PodView[] {
    if (!this.found) {
      this.searching = [];
      const pods = podsOf(this.subject, this.object);
      this.found = { pods, unknown: this.searching };
      this.searching = undefined;
    }
    for (const field of this.found.unknown) this.reportUnknown(field);
    return this.found.pods;
  }

  /**
   * Reports a violation, with the value that is there.
   *
   * @param problem what is wrong with it; the rule's remedy follows
   */
  report(field: Cursor, problem: string): void {
    // An unknown value is reported once, as such, when it is read.
    if (!field.unknown) this.add(field.path, `${field.path || "the object"}${shown(field)} ${problem}`);
  }

  /** Reports a violation by a field whose value may be a secret, or is too long to show. */
  reportWithoutValue(field: Cursor, problem: string): void {
    if (!field.unknown) this.add(field.path, `${field.path || "the object"} ${problem}`);
  }

  /** Kind, namespace and name, for messages. */
  get title(): string {
    const { resource } = this.subject;
    const name = this.namespace ? `${this.namespace}/${this.name}` : this.name;
    return `${this.subject.kind || resource?.type || "object"} ${name}`;
  }

  get namespace(): string {
    return this.metadata("namespace") ?? "";
  }

  get name(): string {
    const generated = this.metadata("generateName");
    return this.metadata("name") ?? (generated ? `${generated}*` : (this.subject.resource?.name ?? "(no name)"));
  }

  /** Without a cursor: to name an object in a message is not to judge by its name, so an unknown one is no violation. */
  private metadata(key: string): string | undefined {
    const metadata = this.subject.object.metadata as Readonly<Record<string, unknown>> | null | undefined;
    const value = typeof metadata === "object" ? metadata?.[key] : undefined;
    return typeof value === "string" && value !== "" ? value : undefined;
  }

  private reportUnknown({ path }: Cursor): void {
    this.add(path, `${path} is unknown until deployment, so it cannot be judged: give it a plain value`, false);
  }

  private add(path: string, words: string, withRemedy = true): void {
    const { rule } = this;
    if (!rule || this.violations.length >= MOST_VIOLATIONS || this.reported.has(`${rule.id} ${path}`)) return;
    this.reported.add(`${rule.id} ${path}`);
    this.violations.push({
      rule: rule.id,
      severity: rule.severity,
      kind: this.subject.kind || (this.subject.resource?.type ?? ""),
      namespace: this.namespace,
      name: this.name,
      path,
      message: printable(`${this.title}: ${words}${withRemedy ? `; ${rule.remedy}` : ""}`),
    });
  }
}

/** Only one value, or a list of such: a map could hold anything. */
function shown({ value, absent }: Cursor): string {
  if (absent) return " (not set)";
  const simple = (one: unknown) => typeof one !== "object" || one === null;
  if (!(Array.isArray(value) ? value.every(simple) : simple(value))) return "";
  const text = JSON.stringify(value) ?? String(value);
  return ` = ${text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 3)}...` : text}`;
}
