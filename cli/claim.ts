/**
 * Who works on a stack, and where. One run at a time: two would take each other's pods away. What a run that was killed has left is
 * where that run had it, whatever the next one is told.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CACHE } from "./places.ts";
import { UserError } from "./problem.ts";

export interface Claim {
  readonly pid: number;
  /** When the process began, in clock ticks since boot: ids come again (proc_pid_stat(5), field 22). Undefined without /proc. */
  readonly started?: string | undefined;
  /** What the run made things with; undefined where it was killed before it made any. */
  readonly made?: Made | undefined;
}

export interface Made {
  readonly kind: "sandbox" | "cluster";
  readonly settings: Readonly<Record<string, unknown>>;
}

export const claimFile = (stack: string): string => join(CACHE, "runs", `${stack}.json`);

/**
 * Takes the stack for this process, and gives what an earlier run that was killed had made.
 *
 * @throws UserError where another process works on it
 */
export function claim(file: string, stack: string): Made | undefined {
  const earlier = read(file);
  if (earlier && earlier.pid !== process.pid && lives(earlier))
    throw new UserError(`another \`npm start\` of stack ${stack} runs as process ${earlier.pid}`, {
      remedy: `wait for it, or end it with \`kill -INT ${earlier.pid}\``,
    });
  claimMade(file, earlier?.made);
  return earlier?.made;
}

/** Says what is about to be made, before it is. */
export function claimMade(file: string, made: Made | undefined): void {
  mkdirSync(dirname(file), { recursive: true });
  const own: Claim = { pid: process.pid, started: startOf(process.pid), made };
  // A kill leaves the old or the new one, never a part.
  writeFileSync(`${file}.new`, JSON.stringify(own));
  renameSync(`${file}.new`, file);
}

export const release = (file: string): void => rmSync(file, { force: true });

function read(file: string): Claim | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Claim;
  } catch {
    return undefined;
  }
}

function lives({ pid, started }: Claim): boolean {
  if (started === undefined) {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  }
  return startOf(pid) === started;
}

/** Undefined where there is no such process, or only its zombie, or no /proc. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command's name may hold blanks and brackets; what follows its last bracket does not.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
