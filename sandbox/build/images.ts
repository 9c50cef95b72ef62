/** The pods' images, built from the files of installed Debian packages: no registry is asked. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cache, images, source } from "../../base/paths.ts";
import { step } from "../../base/progress.ts";
import { run } from "../command.ts";
import type { Versions } from "../host/packages.ts";
import { driverPackages } from "./drivers.ts";
import { type ImageName, layOut, recipes } from "./rootfs.ts";

export interface ImageSet {
  readonly producer: string;
  readonly consumer: string;
  readonly pause: string;
  /** File names in the images directory. */
  readonly archives: readonly string[];
}

const sources = ["busybox-static", ...Object.keys(driverPackages)];

/** The tag says what is in the images: the packages' versions and the recipe. */
export function imageTag(versions: Versions, recipe: string): string {
  const content = [...sources.map((name) => `${name} ${versions.get(name)}`), recipe];
  return createHash("sha256").update(content.join("\n")).digest("hex").slice(0, 12);
}

/** The images that these packages and the present recipe give, built or not. */
export function imageSet(versions: Versions): ImageSet {
  const recipe = ["rootfs.ts", "drivers.ts"]
    .map((file) => readFileSync(join(source, "build", file), "utf8"))
    .join("\n");
  const tag = imageTag(versions, recipe);
  const name = (image: string) => `docker.io/fuse-test/${image}:${tag}`;
  return {
    producer: name("producer"),
    consumer: name("consumer"),
    pause: name("pause"),
    archives: Object.keys(recipes).map((image) => `${image}-${tag}.tar`),
  };
}

/** Builds the images unless all are in the cache, and removes older ones from it. */
export async function buildImages(set: ImageSet): Promise<void> {
  if (set.archives.every((archive) => existsSync(join(images, archive)))) return;
  await step("built the pod images", async () => {
    const work = join(cache, "images-work");
    rmSync(work, { recursive: true, force: true });
    for (const path of [images, work]) mkdirSync(path, { recursive: true });
    try {
      for (const old of readdirSync(images)) if (!set.archives.includes(old)) rmSync(join(images, old));
      for (const image of ["pause", "consumer", "producer"] as const) await build(image, set[image], work);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });
}

/**
 * buildah writes into these wherever its storage is set to be, and podman may do so at the same time: this one sees empty
 * directories in memory in their place.
 */
const FOREIGN = ["/var/lib/containers", "/etc/cni"];

const HIDDEN = `for path in ${FOREIGN.join(" ")}; do mount -t tmpfs none "$path" || exit; done; exec buildah "$@"`;

/** Removes a directory unless somebody has put something into it meanwhile. */
export function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOTEMPTY") throw error;
  }
}

async function build(image: ImageName, name: string, work: string): Promise<void> {
  const root = join(work, image);
  await layOut(image, root);
  const archive = join(images, `${image}-${name.split(":").pop()}.tar`);
  await pack(root, ["--cmd", JSON.stringify(recipes[image].command)], `${archive}.new:${name}`, work);
  renameSync(`${archive}.new`, archive);
}

/**
 * Makes an OCI archive of a file tree.
 *
 * @param config what a container of it runs, as options of `buildah config`
 * @param archive `PATH:NAME`
 * @param work a directory for this alone
 */
export async function pack(root: string, config: readonly string[], archive: string, work: string): Promise<void> {
  // Storage in plain directories, below the work directory: no daemon, and nothing is left behind.
  const env = { ...process.env, STORAGE_DRIVER: "vfs", BUILDAH_ISOLATION: "chroot" };
  const runroot = ["--runroot", join(work, "run")];
  const buildah = (...args: string[]) =>
    run("unshare", ["--mount", "sh", "-c", HIDDEN, "buildah", "--root", join(work, "storage"), ...runroot, ...args], {
      env,
    });
  const made = FOREIGN.filter((path) => mkdirSync(path, { recursive: true }) !== undefined);
  try {
    const container = (await buildah("from", "scratch")).trim();
    await buildah("copy", "--quiet", container, root, "/");
    await buildah("config", ...config, "--env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", container);
    // Uncompressed: it is read twice at each start and sent nowhere.
    await buildah("commit", "--quiet", "--disable-compression", container, `oci-archive:${archive}`);
  } finally {
    for (const path of made) removeEmpty(path);
  }
}
