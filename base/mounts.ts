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

/** @param table the text of /proc/PID/mountinfo */
export function parseMounts(table: string): Mount[] {
  return table.split("\n").flatMap((line) => {
    // Between the two halves stands a number of optional fields.
    const [mount = "", fileSystem = ""] = line.split(" - ");
    const [, , device, , path] = mount.split(" ");
    const [type] = fileSystem.split(" ");
    const minor = device?.split(":")[1];
    return minor && path && type ? [{ minor, path: unescaped(path), type }] : [];
  });
}

/** Space, tab, line feed and backslash are written as three octal digits. */
const unescaped = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
