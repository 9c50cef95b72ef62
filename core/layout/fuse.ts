/** Programs and images that mount a FUSE file system, and where their command says that they do. */
import { normal, type WorkloadContainer, within } from "./workload.ts";

/**
 * Programs that are nothing but FUSE daemons, by the name of their file: each project's own documentation. Their mount point is an
 * argument that is a path.
 */
const DAEMONS =
  /^(mergerfs|sshfs|s3fs|goofys|geesefs|mount-s3|gcsfuse|blobfuse2?|bindfs|squashfuse|squashfuse_ll|mount\.davfs|ntfs-3g|unionfs|unionfs-fuse|encfs|gocryptfs|cryfs|fuse-overlayfs|ceph-fuse|curve-fuse|alluxio-fuse|s3backer|google-drive-ocamlfuse|plexdrive|lxcfs|archivemount|curlftpfs|cvmfs2|mount\.ceph-fuse|tigrisfs|hf-mount|zerofs)$/;

/** Programs that mount with the right verb: `rclone mount`, `juicefs mount`, `weed mount`. */
const WITH_VERB: Readonly<Record<string, RegExp>> = {
  rclone: /^(mount|cmount|mount2)$/,
  juicefs: /^mount$/,
  weed: /^(mount|fuse)$/,
  restic: /^mount$/,
  borg: /^mount$/,
  kopia: /^mount$/,
  ipfs: /^mount$/,
};

/** Images whose usual command mounts, though nothing in the manifest says so. */
const IMAGES =
  /(^|\/)(decypharr|blackhole|juicefs-fuse|mount-s3|mergerfs|s3fs|geesefs|rclone[_-]rd|rclone-mount|csi-s3|zurg-rclone|debrid-?mount|riven-?vfs|altmount)(:|@|$)/i;

/** What a container says of a mount of its own. */
export interface Mounting {
  /** By which it is known: a program in its command, the image, its mount table, or because somebody names it. */
  readonly by: "command" | "image" | "table" | "name";
  /** The mount point in the container, where the command says it. */
  readonly point?: string;
}

/** @returns undefined where neither the command nor the image mounts anything */
export function mountingOf(container: WorkloadContainer): Mounting | undefined {
  for (const words of commandsOf(container)) {
    const from = words.findIndex((word, index) => mountsAt(words, word, index));
    if (from < 0) continue;
    const point = pointIn(words.slice(from + 1), container);
    return { by: "command", ...(point ? { point } : {}) };
  }
  return IMAGES.test(container.image) ? { by: "image" } : undefined;
}

/** How many words may stand between a program and its verb. */
const NEAR = 8;

/** Commands that name a program, and do not run it. */
const NAMES =
  /^(apk|apt|apt-get|dnf|yum|microdnf|pacman|zypper|pip|brew|nix-env|pkill|pgrep|killall|kill|which|command|type|hash|echo|printf|test|\[|grep|ps|man|chmod|cp|ln|rm|curl|wget)$/;

function mountsAt(words: readonly string[], word: string, index: number): boolean {
  if (words.slice(0, index).some((one) => NAMES.test(one))) return false;
  const program = word.split("/").at(-1) ?? "";
  const verb = WITH_VERB[program];
  if (verb) return words.slice(index + 1, index + 1 + NEAR).some((one) => verb.test(one));
  return DAEMONS.test(program) && words.length > index + 1;
}

/** The container's command and arguments, and each command of the scripts in it, with the variables of its manifest. */
function commandsOf({ image, words, env }: WorkloadContainer): string[][] {
  const known = words.map((word) =>
    word.replace(/\$(?:(\w+)|\{(\w+)\}|\((\w+)\))/g, (whole, a, b, c) => {
      const value = env[a ?? b ?? c];
      return typeof value === "string" ? value : whole;
    }),
  );
  // An image's entry point may be the program itself: `args: [mount, remote:, /mnt]`.
  const [, program = ""] = /([^/:@]+)(?::[^/]*)?(?:@.*)?$/.exec(image) ?? [];
  const scripts = known.filter((word) => /\s/.test(word.trim()));
  return [
    [program, ...known],
    ...scripts
      .flatMap((script) => script.replace(/\\\n/g, " ").split(/[\n;&|()]+/))
      .map((command) => command.split(/[\s"'`]+/).filter(Boolean)),
  ];
}

/** Where a command mounts: the last of its own arguments that is a path in one of the container's volumes. */
function pointIn(words: readonly string[], { mounts }: WorkloadContainer): string | undefined {
  const inVolume = words
    .map((word, index) => ({ path: normal(word), afterOption: /^-[^=]*$/.test(words[index - 1] ?? "") }))
    .filter(
      ({ path }) => path.startsWith("/") && mounts.some((mount) => mount.path !== "/" && within(path, mount.path)),
    );
  return (inVolume.findLast(({ afterOption }) => !afterOption) ?? inVolume.at(-1))?.path;
}
