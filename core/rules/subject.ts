import { listed, typeToken, withoutPatch } from "./kinds.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What is known of a Pulumi resource besides its inputs. */
export interface Resource {
  /** The type token, such as `kubernetes:core/v1:Pod`. */
  readonly type: string;
  readonly name: string;
  /** Whether it is a component: nothing of its own is created, only its children are. */
  readonly component: boolean;
  /** How many resources name it as their parent; undefined where that is not known yet. */
  readonly children?: number | undefined;
  readonly protect?: boolean;
}

/** One object to judge: a document's, a list's entry or a resource's inputs. */
export interface Subject {
  readonly object: Fields;
  readonly apiVersion: string;
  readonly kind: string;
  /** Path of the object within its document: `items[0]`, or empty. */
  readonly prefix: readonly (string | number)[];
  readonly resource?: Resource;
}

/** Lists in lists are nonsense, but kubectl and kustomize look into all of them. What lies deeper than this is refused. */
const DEEPEST_LIST = 100;

/** The objects of a document: itself, and where it is a list, its entries as well, and theirs. */
export function* subjectsOf(document: unknown, resource?: Resource): Generator<Subject> {
  const object = isFields(document) ? document : {};
  const token = resource ? typeToken(resource.type) : undefined;
  const kind = textOf(object, "kind") ?? token?.kind ?? "";
  const apiVersion = textOf(object, "apiVersion") ?? token?.apiVersion ?? "";
  const root: Subject = { object, apiVersion, kind, prefix: [], ...(resource ? { resource } : {}) };
  yield root;
  yield* entries(root);
}

function* entries({ object, apiVersion, kind, prefix, resource }: Subject): Generator<Subject> {
  if (!Array.isArray(object.items)) return;
  const tooDeep = prefix.length >= 2 * DEEPEST_LIST;
  for (const [index, item] of object.items.entries() as Iterable<[number, unknown]>) {
    const fields = isFields(item) && !tooDeep ? item : {};
    // The API leaves kind and version out of a typed list's entries. What is not looked into is nothing that is known.
    const entry: Subject = {
      object: fields,
      apiVersion: tooDeep ? "" : (textOf(fields, "apiVersion") ?? apiVersion),
      kind: tooDeep ? "list in lists" : (textOf(fields, "kind") ?? listed(kind) ?? ""),
      prefix: [...prefix, "items", index],
      ...(resource ? { resource } : {}),
    };
    yield entry;
    yield* entries(entry);
  }
}

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const textOf = (object: Fields, key: string): string | undefined => {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  return typeof value === "string" && value !== "" ? value : undefined;
};

/** The kind whose shape an object has: a patch has its target's. */
export const shapeOf = (subject: Subject): string => withoutPatch(subject.kind);
