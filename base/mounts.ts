/** The kernel's mount table: proc_pid_mountinfo(5). */
import { readFileSync } from "node:fs";

export interface Mount {
  /** Number of the device: for a FUSE mount, the number of its connection below /sys/fs/fuse/connections. */
  readonly minor: string;
  /** Mount point, as the process sees it. */
  readonly path: string;
  /** Type of the file system: `ext4`, `fuse.rclone`. */
  readonly type: string;
}

/** Every mount that a process sees; none where there is no such process. */
export function mountsOf(pid: number | "self"): Mount[] {
  try {
    return parseMounts(readFileSync(`/proc/${pid}/mountinfo`, "utf8"));
  } catch {
    return [];
  }
}

/** @param table the text of /proc/PID/mountinfo; what is no line of one is left out */
export function parseMounts(table: string): Mount[] {
  return table.split("\n").flatMap((line) => {
    const { device, point, type } = mountInfo(line);
    const minor = device.split(":")[1];
    return minor && point && type ? [{ minor, path: point, type }] : [];
  });
}

/** The fields of a line of the mount table, without the kernel's escapes. A field that the line does not have is empty. */
export interface MountInfo {
  readonly id: string;
  /** Id of the mount that it is mounted on. */
  readonly parent: string;
  /** `0:76`: the file system, the same number in every mount namespace. */
  readonly device: string;
  /** The directory of the file system that is mounted. */
  readonly root: string;
  readonly point: string;
  /** Of the mount. */
  readonly options: readonly string[];
  /** Optional fields, none or several: `shared:36`, `master:3`, `propagate_from:2`, `unbindable`. */
  readonly peers: readonly string[];
  readonly type: string;
  readonly source: string;
  /** Of the file system, with what its daemon asked for: `allow_other`. */
  readonly superOptions: readonly string[];
}

export function mountInfo(line: string): MountInfo {
  // A lone dash ends the optional fields; names have no space in them, which is written as \040.
  const dash = line.indexOf(" - ");
  const [id = "", parent = "", device = "", root = "", point = "", options = "", ...peers] = (
    dash < 0 ? line : line.slice(0, dash)
  ).split(" ");
  const [type = "", source = "", superOptions = ""] = dash < 0 ? [] : line.slice(dash + 3).split(" ");
  return {
    ...{ id, parent, device, root: unescaped(root), point: unescaped(point), options: options.split(","), peers },
    ...{ type, source: unescaped(source), superOptions: superOptions.split(",").map(unescaped) },
  };
}

/** Space, tab, line feed, backslash and number sign are written as three octal digits. */
const unescaped = (text: string): string =>
  text.includes("\\")
    ? text.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
    : text;
