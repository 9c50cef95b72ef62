/** An operator's settings: checked and completed, or refused before anything is created, every fault at once. */
import { z } from "zod";
import { deadlineFaults } from "../plan/deadlines.ts";
import { nearest } from "./nearest.ts";
import { driverFaults } from "./ownDriver.ts";
import { SECRET, type Settings, type SettingsInput, schema } from "./schema.ts";

export { type Amounts, SECRET, type Settings, type SettingsInput, schema } from "./schema.ts";

/** One thing wrong with an input. */
export interface SettingsFault {
  /** Dotted key, as `pulumi config set --path` takes it: `nodes[0]`. */
  readonly key: string;
  /** The refused value as JSON, shortened; `(missing)` where there is none, `(not shown)` where it may be a secret. */
  readonly value: string;
  /** What to do instead. */
  readonly remedy: string;
}

/** Thrown by `parseSettings`: every fault of the input, in the order of the keys. */
export class SettingsError extends Error {
  readonly faults: readonly SettingsFault[];
  constructor(faults: readonly SettingsFault[]) {
    const lines = faults.map(({ key, value, remedy }) => `  ${key} = ${value}: ${remedy}`);
    super(`${faults.length === 1 ? "a setting is" : `${faults.length} settings are`} refused:\n${lines.join("\n")}`);
    this.name = "SettingsError";
    this.faults = faults;
  }
}

/**
 * Checks an operator's settings and completes them with the defaults.
 *
 * @throws SettingsError naming every fault.
 */
export function parseSettings(input: unknown): Settings {
  const parsed = schema.safeParse(input);
  const faults = [
    ...(parsed.error?.issues.flatMap((issue) => faultsOf(issue, input)) ?? []),
    ...driverFaults(input).map(({ key, remedy }) => fault([key], input, remedy)),
    // Of the completed settings: a default can contradict what was given.
    ...(parsed.success ? deadlineFaults(parsed.data).map(({ key, remedy }) => fault([key], parsed.data, remedy)) : []),
  ];
  if (parsed.success && faults.length === 0) return parsed.data;
  throw new SettingsError(faults);
}

/**
 * Settings from Pulumi's stack configuration, where every value is a text: what the schema does not take as a text
 * is read as JSON, the form in which Pulumi hands over structured values, numbers and booleans.
 *
 * @param all every configuration value by its full key, as `pulumi.runtime.allConfig()` gives them
 * @param more settings that the configuration does not hold
 * @param project keys of other namespaces (`kubernetes:context`) are not ours to judge
 * @throws SettingsError naming every fault.
 */
export function settingsFromConfig(
  all: Readonly<Record<string, string>>,
  project: string,
  more: Partial<SettingsInput> = {},
): Settings {
  const own = Object.entries(all).filter(([key]) => key.startsWith(`${project}:`));
  const given = own.map(([key, text]) => [key.slice(project.length + 1), decode(key, project, text)]);
  return parseSettings({ ...Object.fromEntries(given), ...more });
}

function decode(fullKey: string, project: string, text: string): unknown {
  const field = schema.shape[fullKey.slice(project.length + 1) as keyof typeof schema.shape];
  if (field === undefined || field.safeParse(text).success) return text;
  try {
    const value: unknown = JSON.parse(text);
    // A text key with a number-like value is a mistyped text, not a number: show it as it was written.
    return typeof value === "object" || field.safeParse(value).success ? value : text;
  } catch {
    return text;
  }
}

/**
 * What a schema of settings has against an input.
 *
 * @param of the schema that refused it
 */
export function faultsOf(issue: z.core.$ZodIssue, input: unknown, of: z.ZodObject = schema): SettingsFault[] {
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(issue.path, of);
    return issue.keys.map((key) => fault([...issue.path, key], input, unknownKey(key, known), of));
  }
  return [fault(issue.path, input, remedyOf(issue), of)];
}

function remedyOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") return `give ${article(issue.expected)}`;
  if (issue.code === "invalid_value") return `use one of ${issue.values.join(", ")}`;
  return issue.message;
}

const article = (type: string): string =>
  ({ string: "a text", number: "a number", int: "a whole number", array: "a list", object: "a map" })[type] ?? type;

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  return near ? `there is no such key; did you mean ${near}?` : `there is no such key; known are ${known.join(", ")}`;
}

/** The keys that a map of the settings takes, by the map's path in them. */
function knownKeys(path: readonly PropertyKey[], of: z.ZodObject): string[] {
  const whole = z.toJSONSchema(of, { io: "input", unrepresentable: "any" }) as JsonSchema;
  const below = path.reduce<JsonSchema | undefined>(
    (at, key) => (typeof key === "number" ? at?.items : at?.properties?.[String(key)]),
    whole,
  );
  return Object.keys(below?.properties ?? {});
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
}

/** One thing wrong, with the value that is there. */
export function fault(
  path: readonly PropertyKey[],
  input: unknown,
  remedy: string,
  of: z.ZodObject = schema,
): SettingsFault {
  const value = path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], input);
  const key = path.map((part, index) =>
    typeof part === "number" ? `[${part}]` : `${index ? "." : ""}${String(part)}`,
  );
  const [first] = path;
  const secret = !Object.hasOwn(of.shape, first ?? "nodes") || SECRET.has(first);
  return {
    key: key.join("") || "(settings)",
    value: secret && value !== undefined ? "(not shown)" : shown(value),
    remedy,
  };
}

function shown(value: unknown): string {
  if (value === undefined) return "(missing)";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
