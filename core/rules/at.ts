/**
 * Stands where a value is not known before deployment (an output of another resource in a preview). Whoever feeds the rules
 * puts it there; a rule that reads such a field reports it.
 */
export const UNKNOWN: unique symbol = Symbol("unknown until deployment");

type Fields = Readonly<Record<string, unknown>>;

/** A place in an object: the value, and the path that leads to it. Missing fields are places too. */
export class At {
  readonly value: unknown;
  readonly parent: At | undefined;
  readonly key: string | number;
  private readonly onUnknown: (at: At) => void;

  constructor(value: unknown, onUnknown: (at: At) => void, parent?: At, key: string | number = "") {
    this.value = value;
    this.onUnknown = onUnknown;
    this.parent = parent;
    this.key = key;
  }

  /** As people write it: `spec.containers[0].image`. */
  get path(): string {
    if (!this.parent) return "";
    const before = this.parent.path;
    if (typeof this.key === "number") return `${before}[${this.key}]`;
    const plain = /^[A-Za-z_$][\w$-]*$/.test(this.key);
    return plain ? `${before}${before ? "." : ""}${this.key}` : `${before}[${JSON.stringify(this.key)}]`;
  }

  get unknown(): boolean {
    return this.value === UNKNOWN;
  }

  /** Nothing is there. Kubernetes reads null as nothing; an unknown value is something. */
  get absent(): boolean {
    return this.value === undefined || this.value === null;
  }

  /** Absent, or false: the two ways to leave a switch off. Anything else is taken as on, whatever its type. */
  get off(): boolean {
    return this.absent || this.value === false;
  }

  /** Absent, or an empty text, list or map. */
  get empty(): boolean {
    if (this.absent || this.value === "") return true;
    if (Array.isArray(this.value)) return this.value.length === 0;
    return typeof this.value === "object" && Object.keys(this.value as object).length === 0;
  }

  /** The text that is there; undefined where there is none, or something else. */
  get text(): string | undefined {
    return typeof this.value === "string" ? this.value : undefined;
  }

  /** A field, an own one: `constructor` is no field. */
  get(key: string): At {
    const value =
      typeof this.value === "object" && this.value !== null && Object.hasOwn(this.value, key)
        ? (this.value as Fields)[key]
        : undefined;
    return this.child(value, key);
  }

  /** Follows several keys. */
  dig(...keys: readonly string[]): At {
    let at: At = this;
    for (const key of keys) at = at.get(key);
    return at;
  }

  /** The entries of a list. A lone value in a list's place counts as its only entry: no rule may overlook it. */
  items(): At[] {
    if (this.absent || this.unknown) return [];
    if (!Array.isArray(this.value)) return [this];
    return this.value.map((value, index) => this.child(value, index));
  }

  /** The entries of a map. */
  entries(): At[] {
    if (typeof this.value !== "object" || this.value === null || Array.isArray(this.value)) return [];
    return Object.entries(this.value).map(([key, value]) => this.child(value, key));
  }

  private child(value: unknown, key: string | number): At {
    const at = new At(value, this.onUnknown, this, key);
    if (value === UNKNOWN) this.onUnknown(at);
    return at;
  }
}

/** Whether two places are the same one. */
export const same = (a: At, b: At): boolean => a === b || a.path === b.path;
