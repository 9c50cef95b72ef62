/** One start or stop at a time on a machine: the second waits for the first, then usually finds the cluster running. */
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { identify, isAlive, type ProcessIdentity, signal } from "../base/identity.ts";
import { cache, lock } from "../base/paths.ts";
import { note } from "../base/progress.ts";
import { until } from "../base/stop.ts";
import { SandboxError } from "./problem.ts";

/** Milliseconds for which a lock that names nobody counts as held. */
const UNREADABLE_FOR = 5000;

/** Runs `work` while holding the lock. @throws SandboxError when another start holds it for over 30 minutes */
export async function exclusively<T>(work: () => Promise<T>): Promise<T> {
  mkdirSync(cache, { recursive: true });
  let said = false;
  await until(
    () => {
      if (take()) return true;
      if (!said) note(`another sandbox command is at work (process ${holder()?.pid}): waiting for it`);
      said = true;
      return undefined;
    },
    {
      every: 100,
      within: 30 * 60_000,
      late: () => new SandboxError("another sandbox command holds the lock", `End it, or remove ${lock}.`),
    },
  );
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Asks whoever is starting the sandbox to stop; it cleans up by itself. */
export function interruptHolder(): void {
  const other = holder();
  if (other && other.pid !== process.pid) signal(other, "SIGTERM");
}

/** Whether a start or stop is under way. */
export function isBusy(): boolean {
  const other = holder();
  return other !== undefined && isAlive(other);
}

/** False while another holds it. @throws SandboxError when no lock can be made at all, as on a full disk */
export function take(file = lock): boolean {
  if (isStale(file)) rmSync(file, { force: true });
  const fresh = `${file}.${process.pid}`;
  try {
    // Written first and linked whole: a full disk must not leave a lock that names nobody.
    writeFileSync(fresh, JSON.stringify(identify(process.pid)));
    linkSync(fresh, file);
    return true;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    throw new SandboxError(`the lock cannot be made: ${message}`, `Make ${dirname(file)} a place that can be written.`);
  } finally {
    rmSync(fresh, { force: true });
  }
}

/** Its holder has ended; or, after a reset of the machine, it names nobody. */
function isStale(file: string): boolean {
  const other = holder(file);
  if (other) return !isAlive(other);
  const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  return written !== undefined && Date.now() - written > UNREADABLE_FOR;
}

function holder(file = lock): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
