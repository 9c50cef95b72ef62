/**
 * YAML as the tools read it that apply it: kubectl reads with sigs.k8s.io/yaml, which is Go's yaml.v2, so YAML 1.1 with
 * `yes` and `on` as true, the last of several equal keys, and merge keys.
 */
import { boolYaml11Tag, defineScalarTag, FAILSAFE_SCHEMA, loadAll, NOT_RESOLVED, nullYaml11Tag } from "js-yaml";

/** yaml.v2, resolve.go. */
const TRUE: ReadonlySet<string> = new Set(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"]);
const FALSE: ReadonlySet<string> = new Set([
  "n",
  "N",
  "no",
  "No",
  "NO",
  "false",
  "False",
  "FALSE",
  "off",
  "Off",
  "OFF",
]);
/** strconv.ParseInt with base 0, underscores removed before: a leading 0 means octal. */
const INTEGER = /^[-+]?(0[bB][01]+|0[oO]?[0-7]+|0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)$/;

const bool = defineScalarTag<boolean>("tag:yaml.org,2002:bool", {
  implicit: true,
  implicitFirstChars: [..."yYnNtTfFoO"],
  resolve: (source) => (TRUE.has(source) ? true : FALSE.has(source) ? false : NOT_RESOLVED),
  identify: boolYaml11Tag.identify,
});

const int = defineScalarTag<number>("tag:yaml.org,2002:int", {
  implicit: true,
  implicitFirstChars: [..."+-0123456789"],
  resolve: (source) => {
    const text = source.replaceAll("_", "");
    return INTEGER.test(text) ? integer(text) : NOT_RESOLVED;
  },
  identify: Number.isInteger,
});

/** yaml.v2, resolve.go: yamlStyleFloat. */
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;

const float = defineScalarTag<number>("tag:yaml.org,2002:float", {
  implicit: true,
  implicitFirstChars: [..."+-.0123456789"],
  resolve: (source) => {
    const text = source.replaceAll("_", "");
    return FLOAT.test(text) ? Number(text) : NOT_RESOLVED;
  },
  identify: (value) => typeof value === "number",
});

const SCHEMA = FAILSAFE_SCHEMA.withTags(nullYaml11Tag, bool, int, float);

/** More aliases than any manifest has; Go's parser gives up on such texts as well. */
const MOST_ALIASES = 10_000;

/**
 * The documents of a text; undefined stands for an empty one.
 *
 * @throws Error that names line and column where the text is no YAML, or where two of the tools read it differently.
 */
export function readYaml(text: string): unknown[] {
  // `json`: the last of several equal keys wins.
  const documents = loadAll(text, { schema: SCHEMA, json: true, maxAliases: MOST_ALIASES });
  return text.includes("<<") ? documents.map((document) => merged(document, new Map())) : documents;
}

function integer(text: string): number {
  const [sign, digits] = /^[-+]/.test(text) ? [text[0] === "-" ? -1 : 1, text.slice(1)] : [1, text];
  return sign * Number(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
}

type Fields = Readonly<Record<string, unknown>>;

/** The value with merge keys followed; an anchor's value is worked on once. */
function merged(value: unknown, done: Map<unknown, unknown>): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (done.has(value)) return done.get(value);
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    done.set(value, list);
    for (const one of value) list.push(merged(one, done));
    return list;
  }
  const fields: Record<string, unknown> = {};
  done.set(value, fields);
  for (const [key, one] of Object.entries(value)) {
    if (key === "<<") Object.assign(fields, overwriting(fields, sources(one, done)));
    else define(fields, key, merged(one, done));
  }
  return fields;
}

/** What is merged in. Among several, the first wins. */
function sources(value: unknown, done: Map<unknown, unknown>): Fields {
  const all = (Array.isArray(value) ? value : [value]).map((one) => merged(one, done));
  if (all.some((one) => typeof one !== "object" || one === null || Array.isArray(one)))
    throw new Error("a merge key (<<) must name a map, or a list of maps");
  const fields: Record<string, unknown> = {};
  for (const one of all.reverse() as Fields[])
    for (const [key, inner] of Object.entries(one)) define(fields, key, inner);
  return fields;
}

/**
 * kubectl's parser lets a merge key overwrite the keys before it, kustomize's and Flux's does not: a text that means two
 * things is not judged by one of them.
 */
function overwriting(fields: Fields, merge: Fields): Fields {
  for (const [key, value] of Object.entries(merge))
    if (Object.hasOwn(fields, key) && JSON.stringify(fields[key]) !== JSON.stringify(value))
      throw new Error(
        `the merge key (<<) stands after ${key}: kubectl lets the merge win, kustomize the key; put << first in its map`,
      );
  return merge;
}

/** Also `__proto__` is a key like any other. */
function define(fields: object, key: string, value: unknown): void {
  Object.defineProperty(fields, key, { value, enumerable: true, configurable: true, writable: true });
}
