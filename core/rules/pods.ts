import type { Cursor } from "./cursor.ts";
import { listed, POD_SPEC_PATHS, PODLESS, typeToken } from "./kinds.ts";
import { type Subject, shapeOf } from "./subject.ts";

/** A pod, or a template of pods, wherever it stands in an object. */
export interface PodView {
  /** Where metadata and spec are. */
  readonly root: Cursor;
  readonly spec: Cursor;
  /** Whether the object is the pod itself, not something that makes pods. */
  readonly bare: boolean;
  readonly containers: readonly ContainerView[];
}

export interface ContainerView {
  readonly fields: Cursor;
  readonly list: ContainerList;
}

/** Every list of a pod spec that holds containers. */
const CONTAINER_LISTS = ["initContainers", "containers", "ephemeralContainers"] as const;
export type ContainerList = (typeof CONTAINER_LISTS)[number];

/** How deep a custom resource is searched for pod specs. */
const DEEPEST = 12;

/** Every pod of an object: by its kind, and in kinds that nobody knows by its shape. */
export function podsOf(subject: Subject, root: Cursor): PodView[] {
  const shape = shapeOf(subject);
  // Of other providers' resources only the type is judged.
  if (subject.kind === "" && subject.resource && !typeToken(subject.resource.type)) return [];
  if (PODLESS.has(shape) || (listed(shape) !== undefined && Array.isArray(subject.object.items))) return [];
  const path = POD_SPEC_PATHS[shape];
  if (path) return [viewOf(root.dig(...path.slice(0, -1)), root.dig(...path), shape === "Pod")];
  return search(root, 0, new Set());
}

/** Every map with containers is a pod spec: so a custom resource's templates are found as well. */
function search(field: Cursor, depth: number, seen: Set<unknown>): PodView[] {
  const { value, parent } = field;
  // A YAML anchor may stand in many places, also in itself: once is enough.
  if (depth > DEEPEST || typeof value !== "object" || value === null || seen.has(value)) return [];
  seen.add(value);
  const inner = (Array.isArray(value) ? field.items() : field.entries()).flatMap((child) =>
    search(child, depth + 1, seen),
  );
  const here = !Array.isArray(value) && Object.hasOwn(value, "containers") && parent;
  return here ? [viewOf(parent, field, false), ...inner] : inner;
}

function viewOf(root: Cursor, spec: Cursor, bare: boolean): PodView {
  const containers = CONTAINER_LISTS.flatMap((list) =>
    spec
      .get(list)
      .items()
      .map((fields): ContainerView => ({ fields, list })),
  );
  return { root, spec, bare, containers };
}

const volumes = new WeakMap<PodView, ReadonlyMap<string, Cursor>>();

/** The volume a mount names: the first of that name. */
export function volumeOf(pod: PodView, mount: Cursor): Cursor | undefined {
  let named = volumes.get(pod);
  if (!named) {
    const all = pod.spec.get("volumes").items().toReversed();
    named = new Map(all.map((volume) => [volume.get("name").text ?? "", volume]));
    volumes.set(pod, named);
  }
  const name = mount.get("name").text;
  return name === undefined ? undefined : named.get(name);
}
