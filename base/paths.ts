/** Every path the sandbox writes on this machine lies below one directory: the cache. */
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Below `FUSE_TEST_CACHE`, else below the XDG cache directory, as `cli/node.sh` has it. Never that directory itself: what is removed
 * from the cache by name (`go-build`) may be somebody else's there.
 */
export const cache = join(
  process.env.FUSE_TEST_CACHE || process.env.XDG_CACHE_HOME || join(homedir(), ".cache"),
  "fuse-propagation-test",
);

const here = dirname(fileURLToPath(import.meta.url));
export const repository = join(here, "..");
export const source = join(repository, "sandbox");
export const standIns = join(repository, "stand-ins");

/** Compiled programs, one directory a tool family and pin. */
export const tools = join(cache, "tools");
/** Go's build cache: gigabytes, removed once everything is compiled. */
export const goBuild = join(cache, "go-build");
/** OCI archives of the pod images, named by what went into them. */
export const images = join(cache, "images");
export const pulumiHome = join(cache, "pulumi");
/** Directories of links that are put on PATH. */
export const links = join(cache, "links");

/** What belongs to one run of the cluster; `down` removes it. */
export const state = join(cache, "sandbox");
export const record = join(state, "record.json");
export const kubeconfig = join(state, "kubeconfig");
/** Outside `state`: after a failed start the logs are what one wants to read. */
export const logs = join(cache, "logs");
export const lock = join(cache, "lock");
