import type { At } from "./at.ts";
import { listed, POD_SPEC_PATHS, PODLESS, typeToken } from "./kinds.ts";
import { type Subject, shapeOf } from "./subject.ts";

/** A pod, or a template of pods, wherever it stands in an object. */
export interface PodPlace {
  /** Where metadata and spec are. */
  readonly pod: At;
  readonly spec: At;
  /** Whether the object is the pod itself, not something that makes pods. */
  readonly bare: boolean;
  readonly containers: readonly ContainerPlace[];
}

export interface ContainerPlace {
  readonly at: At;
  readonly list: ContainerList;
}

/** Every list of a pod spec that holds containers. */
const CONTAINER_LISTS = ["initContainers", "containers", "ephemeralContainers"] as const;
export type ContainerList = (typeof CONTAINER_LISTS)[number];

/** How deep a custom resource is searched for pod specs. */
const DEEPEST = 12;

/** Every pod of an object: by its kind, and of kinds nobody knows by the shape. */
export function podsOf(subject: Subject, root: At): PodPlace[] {
  const shape = shapeOf(subject);
  // Of other providers' resources only the type is judged.
  if (subject.kind === "" && subject.resource && !typeToken(subject.resource.type)) return [];
  if (PODLESS.has(shape) || (listed(shape) !== undefined && Array.isArray(subject.object.items))) return [];
  const path = POD_SPEC_PATHS[shape];
  if (path) return [placeOf(root.dig(...path.slice(0, -1)), root.dig(...path), shape === "Pod")];
  return search(root, 0, new Set());
}

/** Pod specs are what has containers: so a custom resource's templates are found as well. */
function search(at: At, depth: number, seen: Set<unknown>): PodPlace[] {
  // A YAML anchor may stand in many places, also in itself: once is enough.
  if (depth > DEEPEST || typeof at.value !== "object" || at.value === null || seen.has(at.value)) return [];
  seen.add(at.value);
  const inner = (Array.isArray(at.value) ? at.items() : at.entries()).flatMap((child) =>
    search(child, depth + 1, seen),
  );
  const here = !Array.isArray(at.value) && Object.hasOwn(at.value, "containers") && at.parent;
  return here ? [placeOf(at.parent as At, at, false), ...inner] : inner;
}

function placeOf(pod: At, spec: At, bare: boolean): PodPlace {
  const containers = CONTAINER_LISTS.flatMap((list) =>
    spec
      .get(list)
      .items()
      .map((at): ContainerPlace => ({ at, list })),
  );
  return { pod, spec, bare, containers };
}
