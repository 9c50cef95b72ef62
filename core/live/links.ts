/** Which pod mounts for which: each reader's pod, and the daemon's pod on the same node. */
import { mountingOf } from "../layout/fuse.ts";
import { type MountsOf, type PairEnd, type Producer, producersOf, type Reader, readersOf } from "../layout/pairs.ts";
import { within, workloadsOf } from "../layout/workload.ts";
import { type Facts, isRead, keyOf, type LivePod, type LiveView, type Unread } from "./facts.ts";
import { fuseBelow, isFuseMount } from "./mountTable.ts";
import { manifestsOf } from "./pods.ts";

/** What a user asks about; each is undefined where it is to be found. */
export interface Question {
  /** `Deployment media/decypharr`. */
  readonly producer?: string;
  readonly reader?: string;
  /** A directory in the containers: only mounts at it, above it or below it count. */
  readonly path?: string;
}

/** A volume mount of a container that runs, or should. */
export interface LinkSide<E extends PairEnd = PairEnd> {
  readonly end: E;
  readonly pod: LivePod;
  readonly look: LiveView | Unread | undefined;
}

export interface Link {
  readonly producer: LinkSide<Producer>;
  readonly reader: LinkSide<Reader>;
  /** Whether they are on one node. */
  readonly together: boolean;
}

export interface Links {
  readonly producers: readonly LinkSide<Producer>[];
  readonly links: readonly Link[];
  readonly mounts: MountsOf;
}

type Known = Pick<Facts, "pods"> & Partial<Pick<Facts, "looks">>;

/** @param facts without `looks`: whose mounts should be read */
export function linksOf({ pods, looks = new Map() }: Known, { producer, reader, path }: Question): Links {
  const workloads = workloadsOf(manifestsOf(pods));
  const podsOf = Map.groupBy(pods, ({ owner }) => owner.object);
  const sidesOf = <E extends PairEnd>(end: E): LinkSide<E>[] =>
    (podsOf.get(end.workload.object) ?? []).map((pod) => ({
      end,
      pod,
      look: looks.get(keyOf(pod, end.container.name)),
    }));
  const named = (object: string) => object === producer;
  const manifest: MountsOf = (container, workload) =>
    mountingOf(container) ??
    (named(workload.object) && !workload.containers.some(mountingOf) ? { by: "name" } : undefined);
  /** By workload and container: where its table has the mount. */
  const points = new Map<string, string>();
  for (const end of producersOf(workloads, manifest)) {
    const point = pointIn(end, sidesOf(end), path);
    if (point !== undefined) points.set(`${end.workload.object} ${end.container.name}`, point);
  }
  const mounts: MountsOf = (container, workload) => {
    const known = manifest(container, workload);
    const point = points.get(`${workload.object} ${container.name}`);
    return point === undefined ? known : { by: known?.by ?? "table", point };
  };
  const all = producersOf(workloads, mounts);
  const asked = all.filter(({ workload }) => producer === undefined || named(workload.object));
  const readers = readersOf(all, workloads).filter(
    (one) =>
      asked.includes(one.producer) &&
      (reader === undefined || one.workload.object === reader) &&
      (path === undefined || one.elsewhere || related(one.mount.path, path) || related(one.producer.mount.path, path)),
  );
  const links = readers.flatMap((end) => sidesOf(end).flatMap((side) => pair(side, sidesOf(end.producer))));
  const used = new Set(links.map((one) => one.producer.end));
  // A daemon whose readers are elsewhere, or do not run yet, may be what is wrong; who only shares a directory both ways is none.
  const isLone = ({ mounting, mount }: Producer) =>
    reader === undefined && mounting !== undefined && (path === undefined || related(mount.path, path));
  return { producers: asked.filter((end) => used.has(end) || isLone(end)).flatMap(sidesOf), links, mounts };
}

/** The pods of one node belong together; where there is none, the one that there is. */
function pair(reader: LinkSide<Reader>, producers: readonly LinkSide<Producer>[]): Link[] {
  if (reader.end.beside)
    return producers
      .filter(({ pod }) => pod.name === reader.pod.name)
      .map((producer) => ({ producer, reader, together: true }));
  const here = producers.filter(({ pod }) => pod.node === reader.pod.node);
  if (here.length > 0) return here.map((producer) => ({ producer, reader, together: true }));
  return producers.slice(0, 1).map((producer) => ({ producer, reader, together: false }));
}

/** Where a daemon's container has its mount: as the user says, as its manifest says if that is there, or as its table says. */
function pointIn(end: Producer, sides: readonly LinkSide[], path: string | undefined): string | undefined {
  const own = sides.flatMap(({ look }) =>
    isRead(look) ? fuseBelow(look.table, end.mount.path).map(({ point }) => point) : [],
  );
  if (path !== undefined && within(path, end.mount.path))
    return own.find((point) => within(path, point)) ?? (own.find((point) => within(point, path)) || path);
  const said = end.mounting?.point;
  return said !== undefined && (own.length === 0 || own.includes(said)) ? said : (own[0] ?? said);
}

/** Whether a path is another one, or above or below it. */
export const related = (one: string, other: string): boolean => within(one, other) || within(other, one);

/** Every daemon, and the reader of every link. */
export const bothEnds = ({ producers, links }: Links): LinkSide[] => [
  ...producers,
  ...links.map(({ reader }) => reader),
];

/** Containers whose mounts are to be read, each once. */
export function toLookAt(found: Links): LinkSide[] {
  const once = new Map(bothEnds(found).map((side) => [keyOf(side.pod, side.end.container.name), side]));
  return [...once.values()].filter(({ pod, end }) => runs(pod, end.container.name));
}

export function runs({ pod }: LivePod, container: string): boolean {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const status = [...initContainerStatuses, ...containerStatuses].find(({ name }) => name === container);
  return status?.state?.running !== undefined;
}

/** The paths that a container is to be asked about: its FUSE mounts in the volumes that are shared. */
export function toAsk(sides: readonly LinkSide[], key: string): string[] {
  const paths = sides.flatMap(({ pod, end, look }) =>
    keyOf(pod, end.container.name) === key && isRead(look)
      ? look.table.filter((one) => isFuseMount(one) && within(one.point, end.mount.path)).map(({ point }) => point)
      : [],
  );
  return [...new Set(paths)].slice(0, MAX_QUESTIONS);
}
/** A daemon may have hundreds of mounts; one that is dead or silent is among the first as well. */
const MAX_QUESTIONS = 8;
