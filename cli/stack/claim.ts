/**
 * Who works on a stack, and where. One run at a time: two would take each other's pods away. What a run that was killed has left is
 * where that run took place, even if the next one is to run elsewhere.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { identify, isAlive, type ProcessIdentity } from "../../base/identity.ts";
import { privateFolder, runsFolder } from "../../base/paths.ts";
import { UserError } from "../../base/problem.ts";
import { requireStackName } from "./name.ts";

/** Without /proc nobody knows when a process started. */
export type Process = Pick<ProcessIdentity, "pid"> & Partial<Pick<ProcessIdentity, "started">>;

interface Claim extends Process {
  /** What the run made things with; undefined where it was killed before it made any. */
  readonly made?: Made;
}

export interface Made {
  readonly kind: "sandbox" | "cluster";
  /** What it takes to find and remove it. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** In a directory of their own: a stack may be called `a.json`. */
export const claimFile = (stack: string): string => join(runsFolder, "claims", `${requireStackName(stack)}.json`);

/** Where a stack's state stays while its run is under way: what is here was not taken down to the end. */
export const stateFolder = (stack: string): string => join(runsFolder, "stacks", requireStackName(stack));
export const wasInterrupted = (stack: string): boolean => existsSync(stateFolder(stack));
export const forget = (stack: string): void => rmSync(stateFolder(stack), { recursive: true, force: true });

/**
 * Takes the stack for this process, and gives what an earlier run that was killed had made.
 *
 * @throws UserError where another process works on it
 */
export function claim(file: string, stack: string): Made | undefined {
  return alone(file, () => {
    const earlier = read(file);
    if (earlier && earlier.pid !== process.pid && lives(earlier))
      throw new UserError(`another \`npm start\` of stack ${stack} runs as process ${earlier.pid}`, {
        remedy: `wait for it, or end it with \`kill -INT ${earlier.pid}\``,
      });
    write(file, earlier?.made);
    return earlier?.made;
  });
}

/** Says what is about to be made, before it is. */
export const claimMade = (file: string, made: Made | undefined): void => alone(file, () => write(file, made));

export const release = (file: string): void => alone(file, () => rmSync(file, { force: true }));

/** How long others may take to read and write a claim, in milliseconds: each takes one or two. */
const TURN_MS = 30_000;

/**
 * Reads and writes claims while nobody else does. A lock file would have to be removed when its process was killed, and two that
 * remove it at the same time both go on; this one is the kernel's, which lets it go with the process.
 */
function alone<T>(file: string, work: () => T): T {
  const folder = dirname(file);
  privateFolder(folder);
  const lock = new DatabaseSync(join(folder, "lock"), { timeout: TURN_MS });
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return work();
  } finally {
    lock.close();
  }
}

function write(file: string, made: Made | undefined): void {
  const own: Claim = { ...thisProcess(), ...(made ? { made } : {}) };
  // A kill leaves the old or the new one, never a part.
  writeFileSync(`${file}.new`, JSON.stringify(own), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function read(file: string): Claim | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Claim;
  } catch {
    return undefined;
  }
}

export const thisProcess = (): Process => ({ pid: process.pid, ...identify(process.pid) });

export function lives({ pid, started }: Process): boolean {
  if (started !== undefined) return isAlive({ pid, started });
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: another user's process, which lives.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
