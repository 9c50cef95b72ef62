/** What a machine must be before anything is made on it. */
import { accessSync, constants } from "node:fs";
import { ownCluster, SandboxError } from "../problem.ts";

export interface Host {
  readonly platform: string;
  readonly arch: string;
  readonly uid: number | undefined;
  readonly has: (path: string) => boolean;
}

/** @throws SandboxError naming all that is missing at once */
export function requireMachine(machine: Host = thisMachine): void {
  const missing = shortcomings(machine);
  if (missing.length === 0) return;
  throw new SandboxError(`the sandbox cannot run here: ${missing.join("; ")}`, ownCluster);
}

/** What the machine lacks, one phrase each. Pure, so that a test can be every machine. */
export function shortcomings({ platform, arch, uid, has }: Host): string[] {
  if (platform !== "linux") return [`it needs Linux, and this is ${platform}`];
  const missing: string[] = [];
  if (!["x64", "arm64"].includes(arch)) missing.push(`it needs an amd64 or arm64 processor, and this is ${arch}`);
  if (uid !== 0) missing.push("it makes namespaces and mounts, so it needs root (sudo -E npm run sandbox -- up)");
  if (!has("/dev/fuse")) missing.push("/dev/fuse is not there (modprobe fuse)");
  if (!has("/sys/fs/cgroup")) missing.push("/sys/fs/cgroup is not mounted");
  if (!has("/usr/bin/dpkg-query"))
    missing.push("it takes the FUSE drivers and some tools from Debian's or Ubuntu's packages");
  return missing;
}

const thisMachine: Host = {
  platform: process.platform,
  arch: process.arch,
  uid: process.getuid?.(),
  has: (path) => {
    try {
      accessSync(path, constants.F_OK);
      return true;
    } catch {
      return false;
    }
  },
};
