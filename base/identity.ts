/** A process is its number AND its start time: the kernel gives numbers away again. */
import { readFileSync } from "node:fs";

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, field 22 of /proc/PID/stat (proc(5)). */
  readonly started: string;
}

/** The living process of that number, or undefined; a zombie is dead. */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined;
  }
}

export function isAlive(known: ProcessIdentity): boolean {
  return identify(known.pid)?.started === known.started;
}

/** Sends a signal unless the number meanwhile belongs to another process. */
export function signal(known: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isAlive(known)) return;
  try {
    process.kill(known.pid, name);
  } catch {
    // It ended between the question and the signal.
  }
}

/** The program's name may hold spaces and parentheses: the fields start after the last one. */
export function parseStat(stat: string): ProcessIdentity | undefined {
  const pid = Number.parseInt(stat, 10);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const started = fields[19];
  if (!started || fields[0] === "Z" || fields[0] === "X") return undefined;
  return { pid, started };
}
