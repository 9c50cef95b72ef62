/** Where this project keeps things on the machine it runs on. */
import { chmodSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { UserError } from "./problem.ts";

/** The checkout. */
export const ROOT = join(import.meta.dirname, "..");

/** Everything this project keeps between two runs; cli/node.sh and the sandbox use the same. */
export const CACHE = join(
  process.env.FUSE_TEST_CACHE || process.env.XDG_CACHE_HOME || join(homedir(), ".cache"),
  "fuse-propagation-test",
);

/** What is known of the runs: who works on which stack, and the state of each. The tests have one of their own. */
export const RUNS = process.env.FUSE_TEST_RUNS || join(CACHE, "runs");

/** Only for the user whose runs they are: settings may hold keys. */
export function privateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  // One that is there already keeps its mode.
  chmodSync(path, 0o700);
}

/**
 * Pulumi's own rule for the name of a stack; here it names files, too, which must not lie elsewhere.
 *
 * @throws UserError where it is none.
 */
export function requireStackName(stack: string): string {
  if (/^[A-Za-z0-9_.-]{1,100}$/.test(stack) && stack !== "." && stack !== "..") return stack;
  throw new UserError(`--stack ${JSON.stringify(stack)} is not the name of a stack`, {
    remedy: "use 1 to 100 letters, digits, -, _ and ., as in Pulumi.homelab.yaml: --stack homelab",
  });
}
