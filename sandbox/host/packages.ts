/** What comes from the distribution: the image tool, the FUSE drivers, a container runtime where that one is wanted. */
import { createInterface } from "node:readline/promises";
import { note, step } from "../../base/progress.ts";
import { driverPackages } from "../build/drivers.ts";
import { attempt, run } from "../command.ts";
import { ownCluster, SandboxError } from "../problem.ts";

/** Debian package -> what every sandbox uses of it. */
export const clusterPackages: Readonly<Record<string, string>> = {
  "containernetworking-plugins": "the pod network (/usr/lib/cni)",
  iproute2: "ip",
  "util-linux": "unshare and nsenter",
  mount: "mount",
  openssl: "the cluster's certificates",
  buildah: "the pod images",
  "busybox-static": "the pods' shell",
  ...Object.fromEntries(Object.entries(driverPackages).map(([name, { use }]) => [name, use])),
};

/** Packages of others that serve as well, and that apt-get would remove for these: Docker's runtime, the common busybox. */
const substitutesOf: Readonly<Record<string, string>> = {
  containerd: "containerd.io",
  runc: "containerd.io",
  "busybox-static": "busybox",
};

/** Debian package -> what the project's own checks use of it. */
export const checkPackages: Readonly<Record<string, string>> = {
  shellcheck: "the lint of the shell scripts",
  "busybox-static": "the shell the probe is tested in",
};

/** Package name -> installed version. */
export type Versions = ReadonlyMap<string, string>;

/**
 * Installs what is missing, after asking once on a terminal; not on a terminal it does not ask.
 *
 * @returns the installed versions, which name the images built from them
 */
export async function ensurePackages(names: readonly string[]): Promise<Versions> {
  const before = await installed(names);
  const missing = names.filter((name) => !before.has(name));
  if (missing.length === 0) return before;
  await askFor(missing);
  note(`installing ${missing.join(", ")} with apt-get`);
  // Debian starts a service it installs: its containerd is then idle beside the nodes', which have sockets of their own.
  await step(`installed ${missing.join(", ")}`, () => install(missing));
  return installed(names);
}

/** Lines of `dpkg-query -f '${Package} ${db:Status-Status} ${Version}\n'`. */
export function parseVersions(lines: string): Versions {
  return new Map(
    lines
      .split("\n")
      .map((line) => line.split(" "))
      .flatMap(([name, status, version]) => (name && version && status === "installed" ? [[name, version]] : [])),
  );
}

/** Counts a package as installed where another one does the same. */
export function withSubstitutes(versions: Versions): Versions {
  const substitutes = Object.entries(substitutesOf).flatMap(([name, other]): [string, string][] => {
    const version = versions.get(other);
    return version ? [[name, `${version} of ${other}`]] : [];
  });
  return new Map([...substitutes, ...versions]);
}

async function installed(names: readonly string[]): Promise<Versions> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: these are dpkg's own placeholders
  const format = "-f=${Package} ${db:Status-Status} ${Version}\\n";
  // It exits with 1 when it does not know one of the names, which is an answer.
  const { stdout } = await attempt("dpkg-query", ["-W", format, ...names, ...Object.values(substitutesOf)]);
  return withSubstitutes(parseVersions(stdout));
}

async function askFor(missing: readonly string[]): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`Install ${missing.join(", ")} with apt-get? [Y/n] `);
  terminal.close();
  if (/^(y|yes|)$/i.test(answer.trim())) return;
  throw new SandboxError(
    `not installed: ${missing.join(", ")}`,
    `Install them yourself, then run this again. ${ownCluster}`,
  );
}

async function install(missing: readonly string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  // Nothing of the machine's may be removed for the sandbox's sake.
  const args = ["install", "--yes", "--no-remove", "--no-install-recommends", ...missing];
  const first = await attempt("apt-get", args, { env, evenWhenStopping: true });
  if (first.code === 0) return;
  await run("apt-get", ["update"], {
    env,
    evenWhenStopping: true,
    remedy: "Repair apt's sources, then run this again.",
  });
  await run("apt-get", args, {
    env,
    evenWhenStopping: true,
    remedy: `Install ${missing.join(" ")} yourself. ${ownCluster}`,
  });
}
