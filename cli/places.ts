import { homedir } from "node:os";
import { join } from "node:path";

/** The checkout. */
export const ROOT = join(import.meta.dirname, "..");

/** Everything this project keeps between two runs; cli/node.sh and the sandbox use the same. */
export const CACHE = join(
  process.env.FUSE_TEST_CACHE || process.env.XDG_CACHE_HOME || join(homedir(), ".cache"),
  "fuse-propagation-test",
);
