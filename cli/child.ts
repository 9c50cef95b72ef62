import type { ChildProcess } from "node:child_process";
import { EXIT } from "./run.ts";

/** Node's own flags for a program of this project that is started by itself. */
export const NODE_FLAGS = ["--disable-warning=ExperimentalWarning"] as const;

/**
 * Waits for a program that takes this one's place.
 *
 * @returns its exit code
 */
export function passedThrough(child: ChildProcess): Promise<number> {
  // A terminal's Ctrl-C reaches it by itself; a signal that is sent to us alone must be passed on.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  return new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? EXIT.tool));
  });
}
