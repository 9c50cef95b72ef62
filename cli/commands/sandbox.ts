import { spawn } from "node:child_process";
import { join } from "node:path";
import { repository } from "../../base/paths.ts";
import { NODE_FLAGS, passedThrough } from "../child.ts";

/** The sandbox has a command of its own, which knows nothing of this program. */
export const runSandbox = (args: readonly string[]): Promise<number> =>
  passedThrough(
    spawn(process.execPath, [...NODE_FLAGS, join(repository, "sandbox", "main.ts"), ...args], { stdio: "inherit" }),
  );
