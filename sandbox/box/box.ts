/**
 * A box: what stands for one machine of the cluster. It has its own mounts (a root in memory, with this machine's /usr
 * in it), network, processes and host name, so kubelet and containerd keep their default paths, ports and /tmp, and all of it
 * vanishes with the box's first process.
 */
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { identify, isAlive, type ProcessIdentity } from "../../base/identity.ts";
import { images, logs, source, state, tools } from "../../base/paths.ts";
import { refuseIfStopping, until } from "../../base/stop.ts";
import { run } from "../command.ts";
import { onlyChildOf } from "../host/proc.ts";
import { SandboxError } from "../problem.ts";
import { createGroup, prefix } from "./cgroups.ts";

/** Of a box's root mount: shared as on a machine with systemd, or private as k3s may find it. */
export type Propagation = "shared" | "private";

/** Where box.sh shows a box what is the machine's, all of it read-only. */
export const inBox = { config: "/etc/sandbox", tools: "/opt/tools", images: "/opt/images" } as const;

export interface Daemon {
  readonly name: string;
  readonly process: ProcessIdentity;
  /** Program and options. */
  readonly command: readonly string[];
  /** Path of its output on the machine. */
  readonly log: string;
}

export interface Box {
  readonly name: string;
  /** The box's first process, seen from the machine. */
  readonly init: ProcessIdentity;
  /** Where a process writes 0 to enter the box's control groups. */
  readonly groups: readonly string[];
  /** Appended to as daemons start. */
  readonly daemons: Daemon[];
}

/** Directory on the machine that a box sees as `inBox.config`. */
export function configDirectory(name: string): string {
  return join(state, name);
}

/** Makes a box and waits for its root. @throws SandboxError when the box is not ready within 30 s */
export async function openBox(name: string, propagation: Propagation): Promise<Box> {
  const groups = createGroup(name);
  const mountpoint = join(state, "root", name);
  const ready = join(state, `${name}.ready`);
  for (const path of [mountpoint, configDirectory(name), tools, images, logs]) mkdirSync(path, { recursive: true });
  rmSync(ready, { force: true });
  const log = join(logs, `${name}.log`);
  const script = join(source, "box", "box.sh");
  const outer = start(
    groups,
    ["unshare", "--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "sh", script, name, propagation].concat([
      mountpoint,
      configDirectory(name),
      tools,
      images,
      ready,
      `${prefix}root`,
    ]),
    log,
  );
  const failed = () => new SandboxError(`box ${name} did not come up`, "The log says which mount failed.", log);
  const init = await until(
    () => {
      if (!isAlive(outer)) throw failed();
      return existsSync(ready) ? identify(onlyChildOf(outer.pid)) : undefined;
    },
    { every: 10, within: 30_000, late: failed },
  );
  rmSync(ready, { force: true });
  return { name, init, groups, daemons: [] };
}

/** Starts a program that stays, in the box; it outlives this process, and its output goes to a log, after what is there where `again`. */
export function startDaemon(box: Box, name: string, argv: readonly string[], again = false): Daemon {
  refuseIfStopping();
  const log = join(logs, `${box.name}-${name}.log`);
  const daemon = { name, command: argv, log, process: start(box.groups, enter(box, argv), log, again ? "a" : "w") };
  box.daemons.push(daemon);
  return daemon;
}

/** @throws SandboxError, with the daemon's log, when it has ended */
export function requireAlive(daemon: Daemon): void {
  if (!isAlive(daemon.process)) throw notReady(daemon);
}

/** A daemon that ended, or took too long, before it was ready. */
export function notReady({ name, log }: Daemon): SandboxError {
  return new SandboxError(`${name} did not become ready`, "Its log says why; then run `up` again.", log);
}

/** Runs a program in the box to its end. @throws SandboxError when it fails */
export function runIn(box: Box, argv: readonly string[], stdin = ""): Promise<string> {
  const [program = "", ...args] = viaGroups(box.groups, enter(box, argv));
  return run(program, args, { stdin, env: environment });
}

/** A path of the box as this machine can open it. */
export function pathIn(box: Pick<Box, "init">, path: string): string {
  return join("/proc", String(box.init.pid), "root", path);
}

/** PATH in a box. */
export const SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

const environment = { PATH: SYSTEM_PATH, HOME: "/root" };

function enter({ init }: Box, argv: readonly string[]): string[] {
  return ["nsenter", `--target=${init.pid}`, "--mount", "--net", "--pid", "--uts", "--ipc", "--", ...argv];
}

function viaGroups(groups: readonly string[], argv: readonly string[]): string[] {
  return ["sh", join(source, "box", "join.sh"), ...groups, "--", ...argv];
}

function start(groups: readonly string[], argv: readonly string[], log: string, flags = "w"): ProcessIdentity {
  const output = openSync(log, flags);
  const [program = "", ...args] = viaGroups(groups, argv);
  const child = spawn(program, args, { detached: true, stdio: ["ignore", output, output], env: environment, cwd: "/" });
  closeSync(output);
  child.on("error", () => {});
  child.unref();
  const process = child.pid === undefined ? undefined : identify(child.pid);
  if (!process) throw new SandboxError(`${argv[0]} could not be started`, "The log says why.", log);
  return process;
}
