/** Pods that are bred of the rules' fixtures: a fine one, with fields of others at their places. */
import { type Fields, fixtures } from "../core/rules/fixtures.ts";
import type { Random } from "./random.ts";

interface Pod extends Fields {
  metadata: Fields;
  spec: Fields & { containers: Fields[] };
}

const pods = (kind: "valid" | "invalid"): Pod[] =>
  fixtures(kind)
    .filter(({ documents: [one, ...more] }) => more.length === 0 && one?.kind === "Pod" && one.apiVersion === "v1")
    .map(({ documents }) => documents[0] as Pod)
    .filter(({ spec }) => Array.isArray(spec?.containers) && spec.containers.length > 0);

const GOOD = pods("valid");
const ALL = [...GOOD, ...pods("invalid")];
/** Their names say whose pod it is. */
const OWN: ReadonlySet<string> = new Set(["name", "namespace", "generateName"]);

/** @param namespace where it shall lie */
export function pod(random: Random, namespace: string): Pod {
  const made = structuredClone(random.of(GOOD));
  made.metadata = { ...made.metadata, namespace };
  for (let left = 1 + random.below(4); left > 0; left--) {
    const other = structuredClone(random.of(ALL));
    const [from, to] = random.of([
      [other.metadata, made.metadata],
      [other.spec, made.spec],
      [other.spec.containers[0] ?? {}, made.spec.containers[0] ?? {}],
    ]);
    const keys = Object.keys(from).filter((key) => key !== "containers" && !OWN.has(key));
    if (keys.length === 0) continue;
    const key = random.of(keys);
    to[key] = from[key];
  }
  return made;
}
