/** Ends everything of the sandbox that runs, by what the kernel knows of it: no record is needed. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isFuseType } from "../../base/fuse.ts";
import { type Mount, mountsOf } from "../../base/mounts.ts";
import { state } from "../../base/paths.ts";
import { attempt } from "../command.ts";
import { namespaceOf, processNumbers } from "../host/proc.ts";
import { ownGroups, processesIn, removeGroups } from "./cgroups.ts";
import { removeInterface } from "./network.ts";

/**
 * Kills the boxes and removes their traces. A FUSE daemon that hangs holds others in uninterruptible waits; killed along
 * with them it lets go by itself, and where it does not its connection is aborted.
 *
 * @returns whether there was anything to remove
 */
export async function tearDown(): Promise<boolean> {
  const groups = ownGroups();
  const connections = fuseConnections(processesIn(groups));
  await killAll(connections);
  removeGroups(ownGroups());
  await removeInterface();
  rmSync(state, { recursive: true, force: true });
  return groups.length > 0;
}

/**
 * Until their last trace is gone: a process has left its group long before it has let go of its mounts.
 *
 * Those inside the boxes come first. Their parents on the machine (unshare, nsenter) then collect them and end by
 * themselves; the other way round the machine's init would have to, and a container's init may be in no hurry.
 */
async function killAll(connections: ReadonlySet<string>): Promise<void> {
  const started = performance.now();
  const killed = new Set<number>();
  let aborted = false;
  for (;;) {
    const waited = performance.now() - started;
    const living = processesIn(ownGroups());
    const inside = living.filter((pid) => namespaceOf(pid, "pid") !== namespaceOf("self", "pid"));
    for (const pid of inside.length > 0 || waited < 300 ? inside : living) {
      kill(pid);
      killed.add(pid);
    }
    if (living.length === 0 && ![...killed].some((pid) => existsSync(`/proc/${pid}`))) return;
    // What nobody collects stays as a zombie, which holds nothing.
    if (living.length === 0 && waited > 2500) return;
    if (waited > 1500 && living.length > 0 && !aborted) {
      aborted = true;
      await abortConnections(connections);
    }
    if (waited > 30_000) return;
    await delay(10);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

/**
 * Numbers of the FUSE connections that only the boxes and their pods have mounted: the minor number of the mount's device. What a box
 * sees of the machine's own file systems may be FUSE too, and is not ours to abort.
 */
function fuseConnections(pids: readonly number[]): ReadonlySet<string> {
  const ours = new Set(pids);
  const others = processNumbers().filter((pid) => !ours.has(pid));
  return difference(fuseMinors(others), fuseMinors(pids));
}

/** The numbers that are among the own ones and not among the others'. */
export const difference = (others: ReadonlySet<string>, own: ReadonlySet<string>): ReadonlySet<string> =>
  new Set([...own].filter((minor) => !others.has(minor)));

/** Of all that the processes see, each mount namespace read once. */
function fuseMinors(pids: readonly number[]): ReadonlySet<string> {
  const namespaces = new Map(pids.map((pid) => [namespaceOf(pid, "mnt"), pid]));
  return new Set([...namespaces.values()].flatMap((pid) => minorsOf(mountsOf(pid))));
}

/** The minor device numbers of the FUSE mounts among these. */
export const minorsOf = (mounts: readonly Mount[]): string[] =>
  mounts.filter(({ type }) => isFuseType(type)).map(({ minor }) => minor);

async function abortConnections(minors: ReadonlySet<string>): Promise<void> {
  if (minors.size === 0) return;
  const control = join(state, "fusectl");
  mkdirSync(control, { recursive: true });
  await attempt("mount", ["-t", "fusectl", "none", control], { evenWhenStopping: true });
  try {
    for (const minor of readdirSync(control).filter((name) => minors.has(name))) {
      writeFileSync(join(control, minor, "abort"), "1");
    }
  } finally {
    await attempt("umount", ["-l", control], { evenWhenStopping: true });
  }
}
