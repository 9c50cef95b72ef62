/**
 * What Kubernetes, a Linux node and the catalogue of scenarios allow, as checks: each returns the remedy where its value is
 * refused, and undefined where it is fine.
 */
import { SCENARIOS } from "../contract/scenarios.ts";
import { nearest } from "./nearest.ts";

/** RFC 1123 label, as Kubernetes asks of a namespace's name. */
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** RFC 1123 subdomain, as Kubernetes asks of a node's name. */
const SUBDOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
/** Kubernetes' resource.Quantity, the positive forms people write. */
const QUANTITY = /^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$/;

/** Namespaces a cluster needs: a test namespace is deleted whole, so it must never be one of these. */
const FOREIGN_NAMESPACES = new Set(["default", "kube-system", "kube-public", "kube-node-lease", "flux-system"]);

/** Directories that must not be the bridge, nor contain it, whatever its name: what a system or its packages are made of. */
const SYSTEM_TREES = [
  "/bin",
  "/boot",
  "/dev",
  "/etc",
  "/gnu",
  "/lib",
  "/lib32",
  "/lib64",
  "/nix",
  "/opt/cni",
  "/opt/containerd",
  "/proc",
  "/root",
  "/sbin",
  "/snap",
  "/sys",
  "/usr",
  "/var/cache",
  "/var/lib/cni",
  "/var/lib/containerd",
  "/var/lib/containers",
  "/var/lib/crio",
  "/var/lib/docker",
  "/var/lib/dpkg",
  "/var/lib/etcd",
  "/var/lib/k0s",
  "/var/lib/kubelet",
  "/var/lib/longhorn",
  "/var/lib/rancher",
  "/var/lib/rpm",
  "/var/lib/systemd",
  "/var/log",
  "/var/run",
  "/var/spool",
];

/**
 * What may be the bridge. Nobody can list all that people and services keep on a node. So outside of the places that are there
 * for data to share or to throw away, a directory of the test's own says by its name that it is one; below /run at the first
 * part, since what follows belongs to the service named there.
 */
const OWN = [
  /^\/(tmp|var\/tmp|srv|mnt|media|data)\/./,
  /^\/run\/[^/]*fuse/,
  /^\/home\/[^/]+\/.*fuse/,
  /^\/(?!run\/|home\/)[^/]+\/.*fuse/,
];

export function namespaceFault(name: string): string | undefined {
  if (!LABEL.test(name))
    return "use a DNS label: 1 to 63 of a-z, 0-9 and -, beginning and ending with a letter or digit";
  if (FOREIGN_NAMESPACES.has(name) || name.startsWith("kube-"))
    return "choose a namespace of the test's own, such as fuse-test: it is deleted with everything in it";
  return undefined;
}

export function nodeFault(name: string): string | undefined {
  if (name === "") return "name a node, as `kubectl get nodes` shows it";
  if (name.length > 253 || !SUBDOMAIN.test(name))
    return "use a node's metadata.name: a-z, 0-9, - and ., as `kubectl get nodes` shows it";
  return undefined;
}

/** @param example a directory that would do, for the words of the remedy */
export function bridgeFault(path: string, example = "/tmp/fuse-test-bridge"): string | undefined {
  if (!path.startsWith("/")) return `give an absolute path, such as ${example}`;
  if (path.split("/").some((part) => part === ".." || part === ".")) return "write the path without . and .. parts";
  if (path.includes("//") || (path.length > 1 && path.endsWith("/")))
    return "write the path without empty parts or a slash at its end";
  if (!/^[A-Za-z0-9._/-]+$/.test(path)) return "use letters, digits, . _ - and / only";
  const tree = SYSTEM_TREES.find((root) => path === root || path.startsWith(`${root}/`));
  if (tree) return `choose a directory outside ${tree}, which the system needs, such as ${example}`;
  if (/\/\./.test(path)) return `choose a directory that is neither hidden nor in a hidden one, such as ${example}`;
  if (!OWN.some((own) => own.test(path)))
    return "choose a directory of the test's own: below /tmp, /var/tmp, /srv, /mnt, /media or /data, or elsewhere with fuse in its name, such as /run/fuse-bridge";
  return undefined;
}

/** An image reference and its parts. JavaScript and RE2, which Kubernetes uses, read these patterns alike. */
export const IMAGE = {
  reference: /^[a-z0-9][A-Za-z0-9._:/@-]*$/,
  digest: /@sha256:[0-9a-f]{64}$/,
  tag: /:[A-Za-z0-9_][A-Za-z0-9._-]*$/,
} as const;

/** The tag that a registry moves on to each new build. */
export const MOVING_TAG = "latest";

/** A digest, or a tag that names one build: `latest` changes below the test. */
export function imageFault(image: string): string | undefined {
  if (!IMAGE.reference.test(image)) return "give an image reference, such as rclone/rclone:1.71.2";
  if (IMAGE.digest.test(image)) return undefined;
  if (image.includes("@")) return "give the digest as @sha256: and 64 hexadecimal digits";
  const tag = IMAGE.tag.exec(image)?.[0];
  if (tag === undefined) return "add a tag or a digest, such as rclone/rclone:1.71.2";
  if (tag === `:${MOVING_TAG}`) return "name a version: latest changes from one pull to the next";
  return undefined;
}

/** A path below the mount point that leaves it by no way. */
export function markerFileFault(path: string): string | undefined {
  if (path === "") return undefined;
  if (path.startsWith("/")) return "give a path relative to the mount point, such as version.txt";
  if (path.split("/").some((part) => part === "" || part === "." || part === ".."))
    return "write the path without empty, . and .. parts, such as version.txt";
  // The mount table, in which the probe looks the path up, writes blanks and control characters otherwise.
  if (!/^[^\s\p{Cc}\\$]+$/u.test(path)) return "name a file without blanks, backslashes and $";
  return undefined;
}

/** Kubernetes and Linux take more of a variable; what is longer belongs into the image. */
const LONGEST_COMMAND = 8192;

export function commandFault(command: string): string | undefined {
  if (command.includes("\0")) return "write it without NUL characters";
  if (command.length > LONGEST_COMMAND)
    return `put what is longer than ${LONGEST_COMMAND} characters into a script of the image`;
  return undefined;
}

export function quantityFault(amount: string): string | undefined {
  if (!QUANTITY.test(amount)) return "give a Kubernetes quantity, such as 100m or 64Mi";
  if (Number.parseFloat(amount) === 0) return "give more than nothing";
  return undefined;
}

/** Why a list of scenarios cannot be taken: the first entry that is at fault and the remedy; undefined where it is fine. */
export function scenariosFault(
  list: readonly string[],
): { readonly index: number; readonly remedy: string } | undefined {
  const known = ["all", ...SCENARIOS.map(({ id }) => id)];
  for (const [index, entry] of list.entries()) {
    const name = entry.replace(/^!/, "");
    if (entry === "!all" || entry === "!propagation")
      return { index, remedy: "leave it out: everything else is compared with the propagation itself" };
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    return { index, remedy: near ? `did you mean ${near}?` : `use all, or some of ${known.slice(1).join(", ")}` };
  }
  return undefined;
}
