/** What of the sandbox is left: on the machine when it is down, on its nodes when it is up. */
import { existsSync } from "node:fs";
import { isFuseType } from "../base/fuse.ts";
import { mountsOf } from "../base/mounts.ts";
import { state } from "../base/paths.ts";
import { type Box, pathIn } from "./box/box.ts";
import { ownGroups, processesIn } from "./box/cgroups.ts";
import { machineInterface } from "./box/network.ts";
import { commandOf, namesIn } from "./host/proc.ts";

/** Processes, control groups, mounts, the network interface and the state of the sandbox, one line each. */
export function machineResidue(): string[] {
  const groups = ownGroups();
  const mounts = mountsOf("self").filter(({ path }) => path.startsWith(`${state}/`));
  return [
    ...processesIn(groups).map((pid) => `process ${pid} (${commandOf(pid)})`),
    ...groups.map((group) => `control group ${group}`),
    ...mounts.map(({ path }) => `mount ${path}`),
    ...(existsSync(`/sys/class/net/${machineInterface}`) ? [`network interface ${machineInterface}`] : []),
    ...(existsSync(state) ? [`directory ${state}`] : []),
  ];
}

/** FUSE mounts in the node's own mounts (pods have theirs), and the test's hostPath. Those of a virtual machine are not to be seen. */
export function nodeResidue(box: Box): string[] {
  const mounts = mountsOf(box.init.pid).filter(({ type }) => isFuseType(type));
  const bridge = "/tmp/fuse-test-bridge";
  // A daemon that hangs would hang whoever lists its mount.
  const mounted = mounts.some(({ path }) => path === bridge);
  const there = namesIn(pathIn(box, "/tmp")).includes("fuse-test-bridge");
  const entries = there && !mounted ? namesIn(pathIn(box, bridge)) : [];
  return [
    ...mounts.map(({ path }) => `${box.name}: FUSE mount ${path}`),
    ...(there ? [`${box.name}: directory ${bridge}${entries.length > 0 ? ` (${entries.join(", ")})` : ""}`] : []),
  ];
}
