import { mkdirSync, renameSync, rmSync } from "node:fs";

/**
 * Makes a directory that appears whole or not at all, however its making ends.
 *
 * @param target must not exist yet
 * @param fill puts everything into the directory that it is given
 */
export async function makeDirectory(target: string, fill: (fresh: string) => Promise<unknown>): Promise<void> {
  const fresh = `${target}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  await fill(fresh);
  renameSync(fresh, target);
}
