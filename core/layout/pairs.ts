/** Who mounts and who reads: containers that share a directory in which one of them mounts FUSE. */
import { canonical } from "../diagnosis/causes/spec.ts";
import { type Mounting, mountingOf } from "./fuse.ts";
import { type Workload, type WorkloadContainer, type WorkloadMount, within } from "./workload.ts";

/** What a container mounts, as far as it is known; undefined where it mounts nothing. */
export type MountsOf = (container: WorkloadContainer, workload: Workload) => Mounting | undefined;

export interface PairEnd {
  readonly workload: Workload;
  readonly container: WorkloadContainer;
  readonly mount: WorkloadMount;
}

/** An end of a volume that others share. */
interface Sharing extends PairEnd {
  /** The directory that its volume is, by a name that every pod which shares it has. */
  readonly volume: string;
}

export interface Producer extends Sharing {
  /** Undefined where only its Bidirectional propagation tells that it mounts. */
  readonly mounting?: Mounting;
  /** The mount point below its volume, by such a name; undefined where nothing says it. */
  readonly point?: string;
}

export interface Reader extends Sharing {
  readonly producer: Producer;
  /** Of the same pod as the daemon. */
  readonly beside: boolean;
  /** Whether its volume is a directory of its own, at the path where it would see the mount. */
  readonly elsewhere: boolean;
}

/** Directories whose mounts are the kubelet's, or the whole node: drivers and agents share them, and no reader. */
const OF_THE_NODE =
  /^\/$|^\/(dev|proc|sys|run|etc|boot|usr|lib|lib64|bin|sbin)(\/|$)|^\/var\/lib\/(kubelet|containerd|docker|rancher|k0s|containers)(\/|$)|^\/var(\/lib|\/snap)?$/;

/** What a volume is, by a name that all who share it have; undefined where it cannot be shared, or is the node's own. */
function placeOf({ workload: { object, namespace }, mount: { source, volume } }: PairEnd): string | undefined {
  switch (source.kind) {
    case "hostPath": {
      const path = canonical(source.path);
      // Of a path that is not known yet nobody can say who shares it.
      return path === "" || OF_THE_NODE.test(path) ? undefined : path;
    }
    case "claim":
      return source.name === "" ? undefined : `claim ${namespace}/${source.name}`;
    case "emptyDir":
      return `emptyDir ${volume} of ${object}`;
    default:
      return undefined;
  }
}

const ends = (workloads: readonly Workload[]): PairEnd[] =>
  workloads.flatMap((workload) =>
    workload.containers
      .filter(({ init }) => !init)
      .flatMap((container) => container.mounts.map((mount) => ({ workload, container, mount }))),
  );

/** `place` of a directory, and what is below it. */
const below = (place: string, path: string, directory: string): string =>
  `${place}${path.slice(directory.length)}`.replace(/^\/\//, "/");

/** Where a shared directory is in the container of an end; undefined where it lies outside of the volume. */
export const seenAt = ({ mount, volume }: Sharing, place: string): string | undefined =>
  within(place, volume) ? below(mount.path, place, volume) : undefined;

/**
 * @param mounts what is known of a container's own mount; by default what its manifest says
 */
export function producersOf(workloads: readonly Workload[], mounts: MountsOf = mountingOf): Producer[] {
  const all = ends(workloads);
  const found = workloads.flatMap((workload) =>
    workload.containers
      .filter(({ init }) => !init)
      .flatMap((container) => {
        const mounting = mounts(container, workload);
        return mountsOf(workload, container, mounting, all).flatMap(
          (mount) => producer({ workload, container, mount }, mounting) ?? [],
        );
      }),
  );
  // Who mounts nothing itself, and only shares what a daemon mounts in both directions, reads.
  return found.filter(
    (one) =>
      one.mounting !== undefined ||
      !found.some((other) => other.mounting && other.container !== one.container && meet(other, one.volume)),
  );
}

function producer(end: PairEnd, mounting: Mounting | undefined): Producer | undefined {
  const { mount } = end;
  const volume = placeOf(end);
  if (volume === undefined) return undefined;
  const point = mounting?.point !== undefined && within(mounting.point, mount.path) ? mounting.point : undefined;
  return {
    ...end,
    volume,
    ...(mounting ? { mounting } : {}),
    ...(point === undefined ? {} : { point: below(volume, point, mount.path) }),
  };
}

/** The volume mounts of a container that it mounts FUSE in. */
function mountsOf(
  workload: Workload,
  container: WorkloadContainer,
  mounting: Mounting | undefined,
  all: readonly PairEnd[],
): WorkloadMount[] {
  const { point } = mounting ?? {};
  if (point !== undefined) {
    const holding = container.mounts
      .filter(({ path }) => within(point, path))
      .sort((a, b) => b.path.length - a.path.length);
    return holding.slice(0, 1);
  }
  const both = container.mounts.filter(({ propagation }) => propagation === "Bidirectional");
  if (both.length > 0 || !mounting) return both;
  // It mounts somewhere, and nothing says where: in what somebody awaits a mount in, or what it has the right to mount in.
  return container.mounts.filter((mount) => {
    const place = placeOf({ workload, container, mount });
    const others = all.filter((end) => end.workload !== workload && place !== undefined && placeOf(end) === place);
    const named = mounting.by === "name" && others.length > 0;
    return named || others.some((end) => end.mount.propagation !== "None" || canMount(container));
  });
}

const canMount = ({ privileged, capabilities, mounts }: WorkloadContainer): boolean =>
  privileged ||
  capabilities.some((one) => /^(CAP_)?SYS_ADMIN$|^ALL$/.test(one)) ||
  mounts.some(({ source }) => source.kind === "hostPath" && source.path === "/dev/fuse");

/** Whether a directory holds a producer's mount point, or lies in it. */
function meet({ volume, point }: Producer, place: string): boolean {
  const there = point ?? volume;
  return within(there, place) || within(place, there);
}

export function readersOf(producers: readonly Producer[], workloads: readonly Workload[]): Reader[] {
  const mounting = new Set(producers.map(({ container }) => container));
  const all = ends(workloads).filter(({ container }) => !mounting.has(container));
  return producers.flatMap((one) => {
    const sharing = all.flatMap((end): Reader[] => {
      const volume = placeOf(end);
      if (volume === undefined || !meet(one, volume)) return [];
      return [{ ...end, producer: one, volume, beside: end.workload === one.workload, elsewhere: false }];
    });
    const linked = new Set(sharing.map(({ container }) => container));
    const missing = all
      .filter((end) => end.workload !== one.workload && !linked.has(end.container) && expects(end, one))
      .map((end): Reader => ({ ...end, producer: one, volume: "", beside: false, elsewhere: true }));
    return [...sharing, ...missing];
  });
}

/** The volume mounts through which a workload shares a directory with another, whether or not anything is mounted there. */
export function sharedMounts(workload: Workload, other: Workload): WorkloadMount[] {
  const theirs = ends([other]).flatMap((end) => placeOf(end) ?? []);
  return ends([workload]).flatMap((end) => {
    const place = placeOf(end);
    const isShared = place !== undefined && theirs.some((one) => within(one, place) || within(place, one));
    return isShared ? [end.mount] : [];
  });
}

/** Whether a container has another directory where it would have to have the producer's: at the same path, and meant for mounts. */
function expects({ mount }: PairEnd, { mount: theirs, mounting }: Producer): boolean {
  if (mount.source.kind !== "emptyDir" && mount.source.kind !== "hostPath") return false;
  if (mount.path !== theirs.path && mount.path !== mounting?.point) return false;
  return mount.propagation !== "None" || (mount.source.kind === "emptyDir" && mount.volume === theirs.volume);
}
