import { UnknownValueError } from "@pulumi/policy";
import { UNKNOWN } from "../core/rules/index.ts";

/**
 * A resource's properties as plain data, with UNKNOWN where a value is not known yet. The SDK throws when an unknown value is
 * read, reports that as a mere advice and ends the policy: so each field is read by itself here.
 */
export function propertiesOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, index) => propertiesOf(read(value, index)));
  return Object.fromEntries(Object.keys(value).map((key) => [key, propertiesOf(read(value, key))]));
}

function read(from: object, key: string | number): unknown {
  try {
    return (from as Record<string | number, unknown>)[key];
  } catch (error) {
    if (error instanceof UnknownValueError) return UNKNOWN;
    throw error;
  }
}
