import { printable } from "../../base/printable.ts";
import type { Allowed } from "./allowed.ts";
import { At } from "./at.ts";
import { type PodPlace, podsOf } from "./pods.ts";
import type { Rule, Violation } from "./rule.ts";
import type { Subject } from "./subject.ts";

/** Longer values are cut: a message is one line. */
const SHOWN = 80;

/** Nobody reads more of one object, and each takes memory. */
const MOST = 1000;

/** One object as the rules see it: what it holds, what is allowed, and where breaches are reported. */
export class Look {
  readonly subject: Subject;
  readonly allowed: Allowed;
  readonly object: At;
  readonly violations: Violation[] = [];
  private rule: Rule | undefined;
  private found: { readonly pods: readonly PodPlace[]; readonly unknown: readonly At[] } | undefined;
  private searching: At[] | undefined;
  private readonly reported = new Set<string>();

  constructor(subject: Subject, allowed: Allowed) {
    this.subject = subject;
    this.allowed = allowed;
    const onUnknown = (at: At) => {
      if (this.searching) this.searching.push(at);
      else this.unknown(at);
    };
    let root = new At(undefined, onUnknown);
    for (const [index, key] of subject.prefix.entries())
      root = new At(index === subject.prefix.length - 1 ? subject.object : undefined, onUnknown, root, key);
    this.object = subject.prefix.length > 0 ? root : new At(subject.object, onUnknown);
  }

  /** Judges the object by one rule. */
  by(rule: Rule): void {
    this.rule = rule;
    rule.check(this);
  }

  /** Every pod in the object. They are searched once; what is unknown on the way concerns each rule that asks. */
  pods(): readonly PodPlace[] {
    if (!this.found) {
      this.searching = [];
      const pods = podsOf(this.subject, this.object);
      this.found = { pods, unknown: this.searching };
      this.searching = undefined;
    }
    for (const at of this.found.unknown) this.unknown(at);
    return this.found.pods;
  }

  /**
   * Reports a breach, with the value that is there.
   *
   * @param words what is wrong with it; the rule's remedy follows
   */
  fault(at: At, words: string): void {
    // An unknown value is reported once, as such, when it is read.
    if (!at.unknown) this.report(at.path, `${at.path || "the object"}${shown(at)} ${words}`);
  }

  /** Reports a breach of a field whose value may be a secret, or is too long to show. */
  veiled(at: At, words: string): void {
    if (!at.unknown) this.report(at.path, `${at.path || "the object"} ${words}`);
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

  /** Read past the cursor: naming an object in a message is no reading of an isolation field. */
  private metadata(key: string): string | undefined {
    const metadata = this.subject.object.metadata as Readonly<Record<string, unknown>> | null | undefined;
    const value = typeof metadata === "object" ? metadata?.[key] : undefined;
    return typeof value === "string" && value !== "" ? value : undefined;
  }

  private unknown(at: At): void {
    this.report(
      at.path,
      `${at.path} is unknown until deployment, so it cannot be judged: give it a plain value`,
      false,
    );
  }

  private report(path: string, words: string, remedy = true): void {
    const { rule } = this;
    if (!rule || this.violations.length >= MOST || this.reported.has(`${rule.id} ${path}`)) return;
    this.reported.add(`${rule.id} ${path}`);
    this.violations.push({
      rule: rule.id,
      severity: rule.severity,
      kind: this.subject.kind || (this.subject.resource?.type ?? ""),
      namespace: this.namespace,
      name: this.name,
      path,
      message: printable(`${this.title}: ${words}${remedy ? `; ${rule.remedy}` : ""}`),
    });
  }
}

/** Only what is one value, or a list of such: a map could hold anything. */
function shown({ value, absent }: At): string {
  if (absent) return " (not set)";
  const simple = (one: unknown) => typeof one !== "object" || one === null;
  if (!(Array.isArray(value) ? value.every(simple) : simple(value))) return "";
  const text = JSON.stringify(value) ?? String(value);
  return ` = ${text.length > SHOWN ? `${text.slice(0, SHOWN - 3)}...` : text}`;
}
