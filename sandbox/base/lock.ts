/** One start or stop at a time on a machine: the second waits for the first, then usually finds the cluster running. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { identify, isAlive, type ProcessIdentity, signal } from "./identity.ts";
import { cache, lock } from "./paths.ts";
import { SandboxError } from "./problem.ts";
import { note } from "./progress.ts";
import { until } from "./stop.ts";

/** Runs `work` while holding the lock. @throws SandboxError when another start holds it for over 30 minutes */
export async function exclusively<T>(work: () => Promise<T>): Promise<T> {
  mkdirSync(cache, { recursive: true });
  let told = false;
  await until(
    () => {
      if (take()) return true;
      if (!told) note(`another sandbox command is at work (process ${holder()?.pid}): waiting for it`);
      told = true;
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

function take(): boolean {
  const other = holder();
  if (other && !isAlive(other)) rmSync(lock, { force: true });
  try {
    writeFileSync(lock, JSON.stringify(identify(process.pid)), { flag: "wx" });
    return true;
  } catch {
    return false;
  }
}

function holder(): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(lock, "utf8"));
  } catch {
    return undefined;
  }
}
