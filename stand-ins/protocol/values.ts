/**
 * Pulumi's property values, from the wire and to it.
 *
 * Providers here work on plain JSON. Secrets are unwrapped on the way in and their paths remembered, so that what
 * comes back at the same path is marked secret again. Unknown values stay the sentinel strings the engine sends.
 */
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { isRecord, type PropertyPath, valueAt } from "./paths.ts";

export type Bag = Record<string, unknown>;
export type { PropertyPath };

/** A property bag without wrappers, and where its secrets were. */
export interface Decoded {
  readonly bag: Bag;
  readonly secrets: readonly PropertyPath[];
}

/** What the engine sends for "not known yet" (strings; arrays, objects and the rest have their own). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const UNKNOWNS = new Set([
  UNKNOWN,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT_VALUE = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

export function decode(message: structPb.Struct | undefined): Decoded {
  const secrets: PropertyPath[] = [];
  const bag = unwrap(message?.toJavaScript() ?? {}, [], secrets);
  return { bag: isRecord(bag) ? bag : {}, secrets };
}

/** @param secrets paths to mark; a path the bag does not have is skipped. */
export function encode(bag: Bag, secrets: readonly PropertyPath[]): structPb.Struct {
  // The JSON round trip drops `undefined`, which the wire cannot carry.
  const copy = JSON.parse(JSON.stringify(bag)) as Bag;
  // Deepest first: a parent that is secret as well then wraps its children, wrappers included.
  for (const path of [...secrets].sort((a, b) => b.length - a.length)) {
    const holder = valueAt(copy, path.slice(0, -1));
    const key = path.at(-1);
    if (key === undefined || holder === null || typeof holder !== "object") continue;
    const slot = holder as Record<string | number, unknown>;
    if (slot[key] !== undefined && !isWrapped(slot[key])) slot[key] = { [SIGNATURE]: SECRET, value: slot[key] };
  }
  return structPb.Struct.fromJavaScript(copy as Parameters<typeof structPb.Struct.fromJavaScript>[0]);
}

export function isUnknown(value: unknown): boolean {
  return typeof value === "string" && UNKNOWNS.has(value);
}

export function containsUnknown(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(containsUnknown);
  return isRecord(value) ? Object.values(value).some(containsUnknown) : isUnknown(value);
}

function unwrap(value: unknown, path: PropertyPath, secrets: PropertyPath[]): unknown {
  if (Array.isArray(value)) return value.map((item, index) => unwrap(item, [...path, index], secrets));
  if (!isRecord(value)) return value;
  if (value[SIGNATURE] === SECRET) {
    secrets.push(path);
    return unwrap(value.value, path, secrets);
  }
  if (value[SIGNATURE] === OUTPUT_VALUE) {
    if (value.secret === true) secrets.push(path);
    return "value" in value ? unwrap(value.value, path, secrets) : UNKNOWN;
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unwrap(item, [...path, key], secrets)]));
}

function isWrapped(value: unknown): boolean {
  return isRecord(value) && value[SIGNATURE] === SECRET;
}
