/** Ends everything of the sandbox that runs, by what the kernel knows of it: no record is needed. */
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { attempt } from "../base/command.ts";
import { state } from "../base/paths.ts";
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

/** Numbers of the FUSE connections mounted in the boxes and their pods: the minor number of the mount's device. */
function fuseConnections(pids: readonly number[]): ReadonlySet<string> {
  const own = namespaceOf("self", "mnt");
  const minors = new Set<string>();
  for (const pid of pids) {
    if (namespaceOf(pid, "mnt") === own) continue;
    for (const line of mountinfoOf(pid)) {
      const [mount, filesystem] = line.split(" - ");
      if (filesystem?.startsWith("fuse")) minors.add(mount?.split(" ")[2]?.split(":")[1] ?? "");
    }
  }
  return minors;
}

async function abortConnections(minors: ReadonlySet<string>): Promise<void> {
  if (minors.size === 0) return;
  const control = join(state, "fusectl");
  mkdirSync(control, { recursive: true });
  await attempt("mount", ["-t", "fusectl", "none", control], { whatever: true });
  try {
    for (const minor of readdirSync(control).filter((name) => minors.has(name))) {
      writeFileSync(join(control, minor, "abort"), "1");
    }
  } finally {
    await attempt("umount", ["-l", control], { whatever: true });
  }
}

function mountinfoOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/mountinfo`, "utf8").split("\n");
  } catch {
    return [];
  }
}

function namespaceOf(pid: number | "self", kind: "mnt" | "pid"): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return "";
  }
}
