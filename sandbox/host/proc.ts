/** What the kernel shows in files. Processes and control groups may vanish while they are read: what is gone reads as nothing. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The text of a file, or "". */
export function textOf(path: string): string {
  return orElse("", () => readFileSync(path, "utf8"));
}

/** The names in a directory, or none. */
export function namesIn(directory: string): string[] {
  return orElse([], () => readdirSync(directory));
}

/** The names of the directories in a directory, or none. */
export function directoriesIn(directory: string): string[] {
  const entries = orElse([], () => readdirSync(directory, { withFileTypes: true }));
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** The numbers of all processes that this one sees. */
export function processNumbers(): number[] {
  return namesIn("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** The identity of a process's namespace, as `mnt:[4026531841]`, or "". */
export function namespaceOf(pid: number | "self", kind: "mnt" | "pid"): string {
  return orElse("", () => readlinkSync(`/proc/${pid}/ns/${kind}`));
}

/** The command line of a process, cut to 80 characters, or "". */
export function commandOf(pid: number): string {
  return textOf(`/proc/${pid}/cmdline`).split("\0").join(" ").trim().slice(0, 80);
}

/** The number of a process's only child, or NaN where it has none yet. */
export function onlyChildOf(pid: number): number {
  return Number.parseInt(textOf(`/proc/${pid}/task/${pid}/children`), 10);
}

function orElse<T>(nothing: T, read: () => T): T {
  try {
    return read();
  } catch {
    return nothing;
  }
}
