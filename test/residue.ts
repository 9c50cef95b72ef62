/**
 * Exits with 1, and a list, when anything of this cache's sandbox is left on this machine. The sandboxes of other caches may run.
 *
 *   node test/residue.ts
 *
 * Written without the sandbox's own code, marks included: a check that shares the code of what it checks shares its blind spots.
 * It knows only the names: `fpt` and the first six digits of the cache directory's SHA-256 (interfaces, control groups, mounts'
 * source), and the directory itself. Within a test run it knows the kernel's settings of before, too.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { kernelSettings, settingsBefore } from "./kernelSettings.ts";

const { FUSE_TEST_CACHE, XDG_CACHE_HOME } = process.env;
const cache = `${FUSE_TEST_CACHE || XDG_CACHE_HOME || `${homedir()}/.cache`}/fuse-propagation-test`;
const digits = createHash("sha256")
  .update(attempt(() => realpathSync(cache), cache))
  .digest("hex")
  .slice(0, 6);
const group = `fpt-${digits}-`;
const checkout = join(import.meta.dirname, "..");

const left = [
  ...mounts(),
  ...processes(),
  ...interfaces(),
  ...namedNetworks(),
  ...controlGroups(),
  ...directories(),
  ...changedSettings(),
];
for (const line of left) console.log(line);
console.error(
  left.length === 0 ? "✓ nothing of the sandbox is left" : `✗ ${left.length} things of the sandbox are left`,
);
process.exitCode = left.length === 0 ? 0 : 1;

/** In every mount namespace of the machine, each looked at once. */
function mounts(): string[] {
  const seen = new Set<string>();
  return pids().flatMap((pid) => {
    const namespace = attempt(() => readlinkSync(`/proc/${pid}/ns/mnt`), "");
    if (!namespace || seen.has(namespace) || ofAnother(pid)) return [];
    seen.add(namespace);
    return read(`/proc/${pid}/mountinfo`)
      .split("\n")
      .filter(
        (line) =>
          line.includes(` - tmpfs ${group}root `) ||
          line.includes("fuse-test-bridge") ||
          line.includes(`${cache}/sandbox`),
      )
      .map((line) => `mount ${line.split(" ")[4]} (seen by process ${pid})`);
  });
}

/** A process of another cache's sandbox, or one that works for it on the machine. */
function ofAnother(pid: string): boolean {
  const groups = read(`/proc/${pid}/cgroup`);
  const asked = /(?:^|\0)FUSE_TEST_CACHE=([^\0]*)/.exec(read(`/proc/${pid}/environ`))?.[1];
  return (
    (/:\/fpt-/.test(groups) && !groups.includes(`:/${group}`)) ||
    (FUSE_TEST_CACHE !== undefined && asked !== undefined && asked !== FUSE_TEST_CACHE)
  );
}

/** By control group, by the network a sandbox process keeps open, and by the path of its program. */
function processes(): string[] {
  return pids().flatMap((pid) => {
    if (isEnding(pid)) return [];
    const program = attempt(() => readlinkSync(`/proc/${pid}/exe`), "");
    const ours =
      read(`/proc/${pid}/cgroup`).includes(`:/${group}`) ||
      (read(`/proc/${pid}/cmdline`).includes(`${checkout}/stand-ins/`) && !ofAnother(pid)) ||
      program.startsWith(`${cache}/tools/`) ||
      (program.startsWith("/opt/tools/") && !ofAnother(pid));
    const words = read(`/proc/${pid}/cmdline`).split("\0").join(" ").slice(0, 100);
    return ours && !isEnding(pid) ? [`process ${pid} ${words}`] : [];
  });
}

/** Whether it is gone, a zombie, which its parent has to collect, or on its way to that, which takes a busy machine its time. */
function isEnding(pid: string): boolean {
  // PF_EXITING of the kernel's include/linux/sched.h: it runs no program any more, and is about to be a zombie.
  const exiting = 0x4;
  // proc_pid_stat(5): the state is the first field after the name, the flags are the seventh.
  const [state, , , , , , flags] = read(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
  return !state || /[ZX]/.test(state) || (Number(flags) & exiting) !== 0;
}

function interfaces(): string[] {
  const all: { readonly ifname: string }[] = JSON.parse(execFileSync("ip", ["-j", "link"], { encoding: "utf8" }));
  return all.filter(({ ifname }) => ifname === `fpt${digits}`).map(({ ifname }) => `network interface ${ifname}`);
}

function namedNetworks(): string[] {
  return list("/run/netns")
    .filter((name) => /^(fpt|k3s-w)/.test(name))
    .map((name) => `network namespace ${name}`);
}

/** In every hierarchy, three levels deep: the sandbox may itself have been started in a group. */
function controlGroups(): string[] {
  const search = (directory: string, depth: number): string[] =>
    list(directory).flatMap((name) => {
      const path = `${directory}/${name}`;
      if (name.startsWith(group)) return [`control group ${path}`];
      return depth > 0 && existsSync(`${path}/cgroup.procs`) ? search(path, depth - 1) : [];
    });
  return ["/sys/fs/cgroup", ...list("/sys/fs/cgroup").map((name) => `/sys/fs/cgroup/${name}`)].flatMap((tree) =>
    search(tree, 2),
  );
}

/** Outside the cache, and the part of the cache that belongs to a running cluster. */
function directories(): string[] {
  const places = [`${cache}/sandbox`, "/tmp/fuse-test-bridge", "/var/lib/cni/networks/pods"];
  return places.filter((path) => existsSync(path)).map((path) => `directory ${path}`);
}

/** Only against what they were: the kernel does not say who set them. */
function changedSettings(): string[] {
  const before = process.env[settingsBefore];
  if (before === undefined) return [];
  const now = kernelSettings();
  return before
    .split("\n")
    .filter((line) => !now.includes(line))
    .map((line) => `kernel setting changed: it was ${line}`);
}

function pids(): string[] {
  return list("/proc").filter((name) => /^\d+$/.test(name));
}

function list(directory: string): string[] {
  return attempt(() => readdirSync(directory), []);
}

function read(path: string): string {
  return attempt(() => readFileSync(path, "utf8"), "");
}

/** A process may end while it is looked at. */
function attempt<T>(work: () => T, otherwise: T): T {
  try {
    return work();
  } catch {
    return otherwise;
  }
}
