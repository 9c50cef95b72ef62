/** Paths into property bags, and changes. */

export type PropertyPath = readonly (string | number)[];

/** One leaf that differs: present only in the new value, only in the old, or in both. */
export interface Change {
  readonly path: PropertyPath;
  readonly kind: "add" | "delete" | "update";
}

/** Every leaf that differs; an array that grew or shrank yields the added or deleted elements. */
export function changesBetween(before: unknown, after: unknown, path: PropertyPath = []): Change[] {
  // A null says the same as a missing key, here as in the official plugins.
  const [isBefore, isAfter] = [before !== undefined && before !== null, after !== undefined && after !== null];
  if (before === after || (!isBefore && !isAfter)) return [];
  if (!isBefore) return [{ path, kind: "add" }];
  if (!isAfter) return [{ path, kind: "delete" }];
  if (Array.isArray(before) && Array.isArray(after)) {
    const indexes = Array.from({ length: Math.max(before.length, after.length) }, (_, index) => index);
    return indexes.flatMap((index) => changesBetween(before[index], after[index], [...path, index]));
  }
  if (isRecord(before) && isRecord(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => changesBetween(before[key], after[key], [...path, key]));
  }
  return [{ path, kind: "update" }];
}

/** The engine's spelling, as in `spec.containers[0].image` and `metadata.labels["app.kubernetes.io/name"]`. */
export function pathText(path: PropertyPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    if (!/^[A-Za-z_$][\w$]*$/.test(part)) return `${text}[${JSON.stringify(part)}]`;
    return text === "" ? part : `${text}.${part}`;
  }, "");
}

export function valueAt(value: unknown, path: PropertyPath): unknown {
  return path.reduce<unknown>(
    (current, key) =>
      current !== null && typeof current === "object" ? (current as Record<string | number, unknown>)[key] : undefined,
    value,
  );
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The text at a path, or undefined when there is none or it is no string. */
export function textAt(value: unknown, ...path: PropertyPath): string | undefined {
  const found = valueAt(value, path);
  return typeof found === "string" ? found : undefined;
}
