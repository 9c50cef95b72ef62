/** Every path that this project writes on this machine lies below one directory: the cache. */
import { chmodSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Below `FUSE_TEST_CACHE`, else below the XDG cache directory, as `cli/node.sh` has it. Never that directory itself: what is removed
 * from the cache by name (`go-build`) may be somebody else's there.
 */
export const cache = join(
  process.env.FUSE_TEST_CACHE || process.env.XDG_CACHE_HOME || join(homedir(), ".cache"),
  "fuse-propagation-test",
);

/** The checkout. */
export const repository = join(import.meta.dirname, "..");
export const source = join(repository, "sandbox");
export const standIns = join(repository, "stand-ins");

/** What is known of the runs: who works on which stack, and the state of each. The tests have one of their own. */
export const runsFolder = process.env.FUSE_TEST_RUNS || join(cache, "runs");

/** Compiled programs, one directory a tool family and pin. */
export const tools = join(cache, "tools");
/** Go's build cache: gigabytes, removed once everything is compiled. */
export const goBuild = join(cache, "go-build");
/** OCI archives of the pod images, named by what went into them. */
export const images = join(cache, "images");
export const pulumiHome = join(cache, "pulumi");
/** Directories of links that are put on PATH. */
export const links = join(cache, "links");

/** What belongs to the sandbox that is up; `down` removes it. */
export const state = join(cache, "sandbox");
export const record = join(state, "record.json");
export const kubeconfig = join(state, "kubeconfig");
/** Outside `state`: after a failed start the logs are what one wants to read. */
export const logs = join(cache, "logs");
export const lock = join(cache, "lock");

/** Makes a directory for this user alone: settings may hold keys. */
export function privateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  // One that is there already keeps its mode.
  chmodSync(path, 0o700);
}
