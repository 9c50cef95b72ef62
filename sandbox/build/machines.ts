/** What k3s-w2 can be: a box, or a virtual machine with a kernel, a systemd and an AppArmor of its own. Its disk is built once. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { tools } from "../../base/paths.ts";
import { step } from "../../base/progress.ts";
import { inBox } from "../box/box.ts";
import { run } from "../command.ts";
import { SandboxError } from "../problem.ts";
import { makeDirectory } from "./whole.ts";

export interface Machine {
  /** For the help. */
  readonly what: string;
  /** Debian's name of the release that a virtual machine is made of. */
  readonly suite?: string;
}

export const MACHINES = {
  box: { what: "namespaces and control groups of this machine, as k3s-w1 is" },
  vm: { what: "a virtual machine with Debian 12: Linux 6.1, systemd, control groups v2, AppArmor", suite: "bookworm" },
  "vm-trixie": { what: "the same with Debian 13: Linux 6.12", suite: "trixie" },
} as const satisfies Readonly<Record<string, Machine>>;

export type MachineName = keyof typeof MACHINES;

/** The first is the default: a virtual machine is emulated, and some twenty times slower. */
export const MACHINE_NAMES = Object.keys(MACHINES) as [MachineName, ...MachineName[]];

/** Debian package -> what is used of it, for a node that is a virtual machine. */
export const machinePackages: Readonly<Record<string, string>> = {
  "qemu-system-x86": "the virtual machine",
  mmdebstrap: "its root file system",
  "debian-archive-keyring": "the keys that its packages are signed with",
  e2fsprogs: "its disks",
};

/** What the guest is made of, beside the essential packages. */
const GUEST_PACKAGES = [
  ...["linux-image-cloud-amd64", "initramfs-tools", "systemd-sysv", "dbus", "udev", "kmod", "apparmor"],
  ...["containerd", "runc", "crun", "containernetworking-plugins", "iproute2", "mount", "util-linux", "procps"],
];

/** The only thing of ours in the root file system: the disk that comes with each start says what else is to be done. */
const UNIT = join(import.meta.dirname, "sandbox.service");

/** Where a box sees the files of a virtual machine. */
export function machinePaths(suite: string): {
  readonly kernel: string;
  readonly initrd: string;
  readonly root: string;
} {
  const inside = (name: string) => join(inBox.tools, directoryName(suite), name);
  return { kernel: inside("vmlinuz"), initrd: inside("initrd.img"), root: inside("root.ext4") };
}

/** Builds the root file system unless it is in the cache. @throws SandboxError where it cannot */
export async function buildMachine(suite: string): Promise<void> {
  if (process.arch !== "x64")
    throw new SandboxError("a node can be a virtual machine on amd64 only", "Leave --machine out.");
  const directory = join(tools, directoryName(suite));
  if (existsSync(directory)) return;
  await step(`built a virtual machine of Debian's packages (${suite})`, () =>
    makeDirectory(directory, (fresh) => build(suite, fresh)),
  );
}

async function build(suite: string, fresh: string): Promise<void> {
  const root = join(fresh, "root");
  // What is half done, and left by a kill, is then in the directory that is removed.
  const env = { ...process.env, TMPDIR: fresh };
  const remedy = "It needs Debian's archive: see whether apt reaches it. Then run this again, or leave --machine out.";
  await run("mmdebstrap", [...recipe(fresh), suite, root], { env, remedy });
  await run("mke2fs", ["-q", "-t", "ext4", "-d", root, join(fresh, "root.ext4"), "8G"]);
  rmSync(root, { recursive: true });
}

/** Options of mmdebstrap. */
function recipe(directory: string): readonly string[] {
  const hooks = [
    `copy-in ${UNIT} /etc/systemd/system`,
    `chroot "$1" systemctl --quiet enable ${basename(UNIT)}`,
    // Those of the sandbox take their place.
    'chroot "$1" systemctl --quiet disable containerd.service',
    'mkdir "$1/etc/sandbox"',
    `cp "$1"/boot/vmlinuz-* ${directory}/vmlinuz`,
    `cp "$1"/boot/initrd.img-* ${directory}/initrd.img`,
  ];
  return [
    ...["--quiet", "--mode=root", "--variant=minbase", `--include=${GUEST_PACKAGES.join(",")}`],
    ...hooks.map((hook) => `--customize-hook=${hook}`),
  ];
}

function directoryName(suite: string): string {
  const content = JSON.stringify([suite, recipe("."), readFileSync(UNIT, "utf8")]).replaceAll(import.meta.dirname, "");
  return `machine-${suite}-${createHash("sha256").update(content).digest("hex").slice(0, 12)}`;
}
