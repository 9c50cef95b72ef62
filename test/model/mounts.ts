/** A node's mount tables: namespaces, bind mounts and peer groups, as far as one bridge needs them (mount_namespaces(7)). */
import { isFuseType } from "../../base/fuse.ts";

export interface FileSystem {
  readonly type: string;
  readonly source: string;
  /** Minor device number: the kernel gives the lowest free one, so a new mount may have an old one's. */
  readonly device: number;
  readonly options: string;
  /** Of a FUSE file system: what its daemon does. Every other one answers. */
  daemon: "answers" | "hangs" | "dead";
  /** Plain files by their path on this file system; a daemon's are its source's, and outlive its mount. */
  files: Map<string, string>;
  /** The only user it lets in; undefined with allow_other. */
  readonly onlyUser?: number;
}

export interface Mount {
  readonly id: number;
  readonly space: string;
  readonly point: string;
  readonly fs: FileSystem;
  /** The directory of the file system that is mounted here. */
  readonly root: string;
  readonly parent: Mount | undefined;
  shared: number | undefined;
  master: number | undefined;
  /** Whether it came here by propagation, and not with its namespace. */
  readonly propagated: boolean;
}

export type Propagation = "Bidirectional" | "HostToContainer" | "None";

export const HOST = "host";

const below = (path: string, top: string): boolean => path === top || path.startsWith(top === "/" ? "/" : `${top}/`);
const join = (top: string, rest: string): string => (top === "/" ? rest || "/" : top + rest) || "/";
/** What follows of a path after a directory above it: "" or "/...". */
const after = (path: string, top: string): string =>
  top === "/" ? (path === "/" ? "" : path) : path.slice(top.length);

/** As the kernel numbers file systems and mounts: what is gone leaves its number to the next one. */
function lowestFree(from: number, isTaken: (number: number) => boolean): number {
  for (let number = from; ; number++) if (!isTaken(number)) return number;
}

export class MountTables {
  mounts: Mount[] = [];
  /** What `at` has found since the tables last changed: whoever polls asks the same again and again. */
  private readonly found = new Map<string, Map<string, Mount | undefined>>();
  private groups = 1;

  private add(one: Omit<Mount, "id">): Mount {
    const mount = { ...one, id: lowestFree(21, (id) => this.mounts.some((other) => other.id === id)) };
    this.mounts.push(mount);
    this.found.clear();
    return mount;
  }

  freeDevice(): number {
    return lowestFree(60, (device) => this.mounts.some(({ fs }) => fs.device === device));
  }

  root(space: string, fs: FileSystem, shared: boolean): void {
    const group = shared ? this.groups++ : undefined;
    this.add({
      space,
      point: "/",
      fs,
      root: "/",
      parent: undefined,
      shared: group,
      master: undefined,
      propagated: false,
    });
  }

  /** The last mounted one whose mount point is the path or the longest directory above it. */
  at(space: string, path: string): Mount | undefined {
    const known = this.found.get(space) ?? new Map<string, Mount | undefined>();
    if (known.size === 0) this.found.set(space, known);
    const mount = known.get(path);
    if (mount !== undefined || known.has(path)) return mount;
    const looked = this.look(space, path);
    known.set(path, looked);
    return looked;
  }

  private look(space: string, path: string): Mount | undefined {
    let best: Mount | undefined;
    for (const one of this.mounts)
      if (one.space === space && below(path, one.point) && one.point.length >= (best?.point.length ?? 0)) best = one;
    return best;
  }

  exactlyAt(space: string, point: string): Mount[] {
    return this.mounts.filter((one) => one.space === space && one.point === point);
  }

  /** The same place, below every mount that receives what happens below this one: its peers and their slaves. */
  private receivers(
    parent: Mount,
    dentry: string,
  ): { readonly mount: Mount; readonly point: string; readonly slave: boolean }[] {
    if (parent.shared === undefined) return [];
    return this.mounts
      .filter(
        (one) =>
          one !== parent &&
          one.fs === parent.fs &&
          (one.shared === parent.shared || one.master === parent.shared) &&
          below(dentry, one.root),
      )
      .map((mount) => ({
        mount,
        point: join(mount.point, after(dentry, mount.root)),
        slave: mount.shared !== parent.shared,
      }));
  }

  mount(space: string, point: string, fs: FileSystem): Mount {
    const parent = this.at(space, point);
    if (!parent) throw new Error(`no root in ${space}`);
    const dentry = join(parent.root, after(point, parent.point));
    const group = parent.shared === undefined ? undefined : this.groups++;
    const common = { fs, root: "/", propagated: true };
    const receivers = this.receivers(parent, dentry);
    const own = this.add({ ...common, space, point, parent, shared: group, master: undefined, propagated: false });
    for (const { mount, point: there, slave } of receivers)
      this.add({
        ...common,
        space: mount.space,
        point: there,
        parent: mount,
        shared: slave ? undefined : group,
        master: slave ? group : undefined,
      });
    return own;
  }

  /** Takes the uppermost mount at a point away, here and wherever that propagates; false where there is none. */
  unmount(space: string, point: string): boolean {
    const own = this.exactlyAt(space, point).at(-1);
    if (!own?.parent) return false;
    const dentry = join(own.parent.root, after(point, own.parent.point));
    const gone = new Set([own]);
    for (const { mount, point: there } of this.receivers(own.parent, dentry)) {
      const copy = this.mounts.findLast((one) => one.parent === mount && one.point === there && one.fs === own.fs);
      if (copy) gone.add(copy);
    }
    // What is mounted on it goes with it, as with MNT_DETACH.
    for (const one of this.mounts) if (one.parent && gone.has(one.parent)) gone.add(one);
    this.mounts = this.mounts.filter((one) => !gone.has(one));
    this.found.clear();
    return true;
  }

  /** A container's volume: a recursive bind mount of a directory of the node, with the propagation that its spec asks for. */
  bind(directory: string, space: string, point: string, propagation: Propagation): void {
    const from = this.at(HOST, directory);
    if (!from) throw new Error("no root on the node");
    const copies = new Map<Mount, Mount>();
    const copy = (of: Mount, root: string, at: string, parent: Mount | undefined) =>
      copies.set(
        of,
        this.add({
          space,
          point: at,
          fs: of.fs,
          root,
          parent,
          shared: propagation === "Bidirectional" ? of.shared : undefined,
          master: propagation === "HostToContainer" ? of.shared : undefined,
          propagated: false,
        }),
      );
    const own = this.at(space, point);
    copy(from, join(from.root, after(directory, from.point)), point, own);
    for (const one of this.mounts.filter(({ space: of }) => of === HOST))
      if (one !== from && one.point !== directory && below(one.point, directory))
        copy(one, one.root, join(point, after(one.point, directory)), one.parent && copies.get(one.parent));
  }

  /** Cuts a namespace off from what happens elsewhere: `mount --make-rprivate /` in it. */
  makePrivate(space: string): void {
    for (const one of this.mounts)
      if (one.space === space) {
        one.shared = undefined;
        one.master = undefined;
      }
  }

  /** Shares each mount with nobody: `mount --make-rshared /` where all were private. */
  makeShared(space: string): void {
    for (const one of this.mounts) if (one.space === space) one.shared ??= this.groups++;
  }

  /** A container is gone, and its mount namespace with it. */
  drop(space: string): void {
    this.mounts = this.mounts.filter((one) => one.space !== space);
    this.found.clear();
  }
}

export const isFuse = ({ type }: FileSystem): boolean => isFuseType(type);

export function peers({ shared, master }: Mount): string {
  const found = [shared && `shared:${shared}`, master && `master:${master}`].filter(Boolean).join(" ");
  return found || "private";
}

/** A line of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export function mountinfo(mount: Mount | undefined): string {
  if (!mount) return "";
  const { id, parent, fs, root, point } = mount;
  const optional = peers(mount);
  const fields = optional === "private" ? "" : ` ${optional}`;
  return `${id} ${parent?.id ?? 1} 0:${fs.device} ${root} ${point} rw,relatime${fields} - ${fs.type} ${fs.source} ${fs.options}`;
}
