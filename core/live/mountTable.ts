/** The mount table of a container that is not ours: proc_pid_mountinfo(5), of any length and with any names. */
import { isFuseType } from "../../base/fuse.ts";
import { mountInfo } from "../../base/mounts.ts";
import { normal, within } from "../layout/workload.ts";

export interface MountLine {
  /** As the kernel has written it, cut where it is longer than anybody reads. */
  readonly line: string;
  /** `0:76`: the file system, the same number in every pod of the node. */
  readonly device: string;
  /** The directory of the file system that is mounted. */
  readonly root: string;
  /** Where, as the container sees it. */
  readonly point: string;
  /** The peer group that mounts made here go to; undefined where there is none. */
  readonly shared?: string;
  /** The peer group that mounts come from. */
  readonly master?: string;
  readonly type: string;
  /** Of the file system, with what its daemon asked for: `allow_other`. */
  readonly options: readonly string[];
}

/** Longer lines are cut in quotes. */
const LONG = 400;
/** What a node has at the very most (fs.mount-max); whoever says more wants to be heard only. */
export const MAX_LINES = 100_000;

/** Every mount of a table; what is no line of one is left out. */
export function mountTable(text: string): MountLine[] {
  const found: MountLine[] = [];
  let from = 0;
  for (let lines = 0; from < text.length && lines < MAX_LINES; lines++) {
    const end = text.indexOf("\n", from);
    const line = text.slice(from, end < 0 ? text.length : end);
    const mount = mountIn(line);
    if (mount) found.push(mount);
    from = end < 0 ? text.length : end + 1;
  }
  return found;
}

function mountIn(line: string): MountLine | undefined {
  const { device, root, point, peers, type, superOptions } = mountInfo(line);
  if (!/^\d+:\d+$/.test(device) || !point.startsWith("/") || type === "") return undefined;
  const group = (kind: string) => peers.find((field) => field.startsWith(`${kind}:`))?.slice(kind.length + 1);
  const [shared, master] = [group("shared"), group("master")];
  return {
    line: line.length > LONG ? `${line.slice(0, LONG)}…` : line,
    device,
    root,
    point: normal(point),
    ...(shared ? { shared } : {}),
    ...(master ? { master } : {}),
    type,
    options: superOptions,
  };
}

export const isFuseMount = ({ type }: MountLine): boolean => isFuseType(type);

/** What is mounted at a path, the first mount first: only the last of them is seen. */
export const mountedAt = (table: readonly MountLine[], path: string): MountLine[] =>
  table.filter(({ point }) => point === path);

/** The FUSE mounts at a directory and below it. */
export const fuseBelow = (table: readonly MountLine[], directory: string): MountLine[] =>
  table.filter((one) => isFuseMount(one) && within(one.point, directory));

/** The mount on which a path lies. */
export function holding(table: readonly MountLine[], path: string): MountLine | undefined {
  let found: MountLine | undefined;
  for (const one of table)
    if (within(path, one.point) && (!found || one.point.length >= found.point.length)) found = one;
  return found;
}

/** As people write it: `shared:36`, `master:36`, or `private`. */
export const peersOf = ({ shared, master }: MountLine): string =>
  [...(shared ? [`shared:${shared}`] : []), ...(master ? [`master:${master}`] : [])].join(" ") || "private";
