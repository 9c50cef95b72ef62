/** Pods that are bred of the rules' fixtures: a fine one, with fields of others at their places. */
import { isDeepStrictEqual } from "node:util";
import { type Fields, fixtures } from "../core/rules/fixtures.ts";
import type { Random } from "./random.ts";

export interface Pod extends Fields {
  metadata: Fields;
  spec: Fields & { containers: Fields[] };
}

const pods = (kind: "valid" | "invalid"): Pod[] =>
  fixtures(kind)
    .filter(({ documents: [one, ...more] }) => more.length === 0 && one?.kind === "Pod" && one.apiVersion === "v1")
    .map(({ documents }) => documents[0] as Pod)
    .filter(({ spec }) => Array.isArray(spec?.containers) && spec.containers.length > 0);

/** The name says which pod it is: few are producers, and most that is said of those is said of no other. */
const byName = (all: readonly Pod[]) => Map.groupBy(all, ({ metadata }) => metadata.name);
const GOOD = byName(pods("valid"));
const ALL = [...pods("valid"), ...pods("invalid")];
const KIN = byName(ALL);
/** Their names say whose pod it is. */
const OWN: ReadonlySet<string> = new Set(["name", "namespace", "generateName"]);

/** @param namespace where it shall lie */
export function pod(random: Random, namespace: string): Pod {
  const [name, good] = random.of([...GOOD]);
  const made = structuredClone(random.of(good));
  made.metadata = { ...made.metadata, namespace };
  for (let left = 1 + random.below(4); left > 0; left--) {
    const other = structuredClone(random.of(random.once(2) ? (KIN.get(name) ?? ALL) : ALL));
    const places = [
      ...differences(other.metadata, made.metadata).filter(({ key }) => !OWN.has(String(key))),
      ...differences(other.spec, made.spec),
    ];
    if (places.length > 0) graft(random.of(places));
  }
  return made;
}

/** A place where two objects differ: in `to`, what `from` has there may be set. */
interface Difference {
  readonly from: object;
  readonly to: object;
  readonly key: string | number;
}

/** At every depth: a whole security context as well as one of its fields. */
function differences(from: object, to: object): Difference[] {
  const keys = Array.isArray(from) && Array.isArray(to) ? indices(from, to) : Object.keys({ ...to, ...from });
  return keys.flatMap((key) => {
    const [theirs, ours] = [valueAt(from, key), valueAt(to, key)];
    if (isDeepStrictEqual(theirs, ours)) return [];
    const same = isObject(theirs) && isObject(ours) && Array.isArray(theirs) === Array.isArray(ours);
    return [{ from, to, key }, ...(same ? differences(theirs, ours) : [])];
  });
}

/** Of two lists, as far as a list can be extended entry by entry. */
const indices = (from: readonly unknown[], to: readonly unknown[]): number[] =>
  Array.from({ length: Math.min(from.length, to.length + 1) }, (_, index) => index);

function graft({ from, to, key }: Difference): void {
  const value = valueAt(from, key);
  if (value === undefined) delete (to as Fields)[key];
  else (to as Fields)[key] = value;
}

const valueAt = (of: object, key: string | number): unknown => (of as Fields)[key];
const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
