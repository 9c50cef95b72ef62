import { existsSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

/**
 * Makes a directory hold exactly these links, and leaves those that are right alone: the directory is on the PATH of
 * whoever uses the sandbox at this moment. A link whose target does not exist is left out.
 */
export function linkExactly(directory: string, targets: Readonly<Record<string, string>>): void {
  mkdirSync(directory, { recursive: true });
  const wanted = new Map(Object.entries(targets).filter(([, target]) => existsSync(target)));
  for (const name of readdirSync(directory)) if (!wanted.has(name)) rmSync(join(directory, name), { force: true });
  for (const [name, target] of wanted) {
    const path = join(directory, name);
    if (targetOf(path) === target) continue;
    const fresh = `${path}.${process.pid}`;
    symlinkSync(target, fresh);
    renameSync(fresh, path);
  }
}

function targetOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
