/** What is in each image. The text of this file is part of the images' tag, so a change here makes new images. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { attempt, run } from "../command.ts";
import { driverPackages } from "./drivers.ts";

export type ImageName = keyof typeof recipes;

export const recipes = {
  /** What the kubelet keeps a pod's namespaces open with. */
  pause: { drivers: false, command: ["/bin/busybox", "sleep", "2147483647"] },
  consumer: { drivers: false, command: ["/bin/sh"] },
  producer: { drivers: true, command: ["/bin/sh"] },
} as const;

/** Makes the image's file tree in a directory of this machine. */
export async function layOut(image: ImageName, root: string): Promise<void> {
  await layOutShell(root);
  if (!recipes[image].drivers) return;
  for (const { programs, threads } of Object.values(driverPackages))
    for (const program of programs) {
      await addProgram(root, program);
      if (threads) await addUnwinder(root, program);
    }
  layOutFuse(root);
}

/** busybox with all its names, and the users that a pod may run as. */
export async function layOutShell(root: string): Promise<void> {
  for (const path of ["bin", "dev", "etc", "proc", "root", "sbin", "sys", "tmp", "usr/bin", "var"]) {
    mkdirSync(join(root, path), { recursive: true });
  }
  chmodSync(join(root, "tmp"), 0o1777);
  await addProgram(root, "/bin/busybox");
  for (const applet of (await run("/bin/busybox", ["--list"]))
    .split("\n")
    .filter((name) => name && name !== "busybox")) {
    symlinkSync("busybox", join(root, "bin", applet));
  }
  writeFileSync(
    join(root, "etc/passwd"),
    "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n",
  );
  writeFileSync(join(root, "etc/group"), "root:x:0:\nuser:x:1000:\nnogroup:x:65534:\n");
}

/** The program at its own path, and every shared library of it where the loader looks. */
async function addProgram(root: string, program: string): Promise<void> {
  // ldd fails for a static program: it has none.
  const { stdout } = await attempt("ldd", [program]);
  for (const path of [program, ...parseLibraries(stdout)]) {
    const target = join(root, path);
    if (existsSync(target)) continue;
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(realpathSync(path), target);
    chmodSync(target, 0o755);
  }
}

/** glibc loads it when a thread ends: ldd does not know of it. It lies beside libc. */
async function addUnwinder(root: string, program: string): Promise<void> {
  const libc = parseLibraries(await run("ldd", [program])).find((path) => path.endsWith("/libc.so.6"));
  if (libc) await addProgram(root, join(dirname(libc), "libgcc_s.so.1"));
}

/** Paths in the output of ldd(1). */
export function parseLibraries(ldd: string): string[] {
  return [...ldd.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)].flatMap(([, path]) => (path ? [path] : []));
}

function layOutFuse(root: string): void {
  // Set-uid as Debian has it: who is not root mounts through it.
  chmodSync(join(root, "usr/bin/fusermount3"), 0o4755);
  // Programs of libfuse 2, rclone's default among them, call it by its old name.
  symlinkSync("fusermount3", join(root, "usr/bin/fusermount"));
  // Debian's default: only root may mount with allow_other.
  writeFileSync(join(root, "etc/fuse.conf"), "#user_allow_other\n");
}
