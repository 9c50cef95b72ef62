/**
 * The sandbox's own control groups. Their names start with `fpt-` and the instance's digits: all that runs in one is this sandbox's,
 * also when every record of it is lost, so this is what the clean-up goes by.
 */
import { mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Mount, mountsOf } from "../../base/mounts.ts";
import { directoriesIn, textOf } from "../host/proc.ts";
import { instance } from "../instance.ts";
import { SandboxError } from "../problem.ts";

/** Beginning of the names of this sandbox's groups, and of its root file systems in mount tables. */
export const prefix = `fpt-${instance.id}-`;

interface CgroupLayout {
  /** `v1`: hierarchies side by side. `hybrid`: the same, with an empty v2 tree beside them. `v2`: one tree. */
  readonly kind: "v1" | "hybrid" | "v2";
  /** Mount points of the hierarchies, each the root of one tree. */
  readonly trees: readonly string[];
}

/**
 * Reads the layout off a mount table.
 *
 * @throws SandboxError when no control groups are mounted
 */
export function layoutOf(mounts: readonly Mount[]): CgroupLayout {
  const hierarchies = mounts.filter(({ type }) => type === "cgroup" || type === "cgroup2");
  const trees = [...new Set(hierarchies.map(({ path }) => path))];
  const old = hierarchies.some(({ type }) => type === "cgroup");
  const unified = hierarchies.some(({ type }) => type === "cgroup2");
  if (trees.length === 0) {
    throw new SandboxError("no control groups are mounted", "Mount them (mount -t cgroup2 none /sys/fs/cgroup).");
  }
  return { kind: old && unified ? "hybrid" : old ? "v1" : "v2", trees };
}

/** That of this machine. @throws SandboxError when no control groups are mounted */
function layout(): CgroupLayout {
  return layoutOf(mountsOf("self"));
}

/**
 * Makes the group of a box in every hierarchy. The box's own processes live in its child `init`: under v2 a group with
 * children may hold no processes itself, and the kubelet makes the pods' groups beside `init`.
 *
 * @returns the files into which a process writes 0 to join
 */
export function createGroup(name: string, { kind, trees }: CgroupLayout = layout()): string[] {
  return trees.map((tree) => {
    const group = join(tree, prefix + name);
    for (const path of [group, join(group, "init")]) {
      mkdirSync(path, { recursive: true });
      // A fresh v1 cpuset is empty, and an empty one takes no process.
      for (const file of ["cpuset.cpus", "cpuset.mems"]) if (kind !== "v2") inherit(path, file);
    }
    // Not measured: the machines at hand have v1. cgroups(7) wants controllers enabled from the root downwards.
    if (kind === "v2") for (const path of [tree, group]) delegate(path);
    return join(group, "init", "cgroup.procs");
  });
}

/** Every group of the sandbox, parents first. */
export function ownGroups({ trees }: CgroupLayout = layout()): string[] {
  return trees.flatMap((tree) =>
    directoriesIn(tree)
      .filter((name) => name.startsWith(prefix))
      .flatMap((name) => withDescendants(join(tree, name))),
  );
}

/** Numbers of the processes in the given groups. */
export function processesIn(groups: readonly string[]): number[] {
  const pids = groups.flatMap((group) => textOf(join(group, "cgroup.procs")).split("\n").filter(Boolean).map(Number));
  // 0 stands for a process of an outer process namespace: not one of ours.
  return [...new Set(pids)].filter((pid) => pid > 0);
}

/** Children first; a group that still holds a process stays, and is then reported as residue. */
export function removeGroups(groups: readonly string[]): void {
  for (const group of [...groups].reverse()) {
    try {
      rmdirSync(group);
    } catch {
      // Named by the residue check.
    }
  }
}

function delegate(group: string): void {
  for (const controller of textOf(join(group, "cgroup.controllers")).trim().split(" ").filter(Boolean)) {
    try {
      writeFileSync(join(group, "cgroup.subtree_control"), `+${controller}`);
    } catch {
      // A controller that cannot be passed on is one the kubelet will name if it needs it.
    }
  }
}

function inherit(group: string, file: string): void {
  const path = join(group, file);
  const value = textOf(join(group, "..", file)).trim();
  if (value && textOf(path).trim() === "") writeFileSync(path, value);
}

function withDescendants(group: string): string[] {
  return [group, ...directoriesIn(group).flatMap((name) => withDescendants(join(group, name)))];
}
