/**
 * Stands where a value is not known before deployment (an output of another resource in a preview). The policy pack puts it
 * there; a rule that reads such a field reports it.
 */
export const UNKNOWN: unique symbol = Symbol("unknown until deployment");

type Fields = Readonly<Record<string, unknown>>;

/** A field of an object: its value, and the path that leads to it. A missing field has a cursor too. */
export class Cursor {
  readonly value: unknown;
  readonly parent: Cursor | undefined;
  readonly key: string | number;
  private readonly onUnknown: (cursor: Cursor) => void;

  constructor(value: unknown, onUnknown: (cursor: Cursor) => void, parent?: Cursor, key: string | number = "") {
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
    const identifier = /^[A-Za-z_$][\w$-]*$/.test(this.key);
    return identifier ? `${before}${before ? "." : ""}${this.key}` : `${before}[${JSON.stringify(this.key)}]`;
  }

  get unknown(): boolean {
    return this.value === UNKNOWN;
  }

  /** Nothing is there. Kubernetes reads null as nothing; an unknown value is something. */
  get absent(): boolean {
    return this.value === undefined || this.value === null;
  }

  /** Absent, or false: the two ways to leave a switch off. Anything else, of any type, is taken as on. */
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
  get(key: string): Cursor {
    const value =
      typeof this.value === "object" && this.value !== null && Object.hasOwn(this.value, key)
        ? (this.value as Fields)[key]
        : undefined;
    return this.child(value, key);
  }

  /** Follows several keys. */
  dig(...keys: readonly string[]): Cursor {
    let cursor: Cursor = this;
    for (const key of keys) cursor = cursor.get(key);
    return cursor;
  }

  /** The entries of a list. A lone value in a list's place counts as its only entry: no rule may overlook it. */
  items(): Cursor[] {
    if (this.absent || this.unknown) return [];
    if (!Array.isArray(this.value)) return [this];
    return this.value.map((value, index) => this.child(value, index));
  }

  /** The entries of a map. */
  entries(): Cursor[] {
    if (typeof this.value !== "object" || this.value === null || Array.isArray(this.value)) return [];
    return Object.entries(this.value).map(([key, value]) => this.child(value, key));
  }

  private child(value: unknown, key: string | number): Cursor {
    const cursor = new Cursor(value, this.onUnknown, this, key);
    if (value === UNKNOWN) this.onUnknown(cursor);
    return cursor;
  }
}
