/**
 * What distinguishes the sandboxes of one machine. Each cache directory has its own: its control groups, its network interface and its
 * addresses carry the cache's name, so that no command of one reaches what belongs to another.
 */
import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { cache } from "../base/paths.ts";

interface Instance {
  /** Six hexadecimal digits. */
  readonly id: string;
  /** The first three numbers of its addresses, of the range for benchmarks between networks (RFC 2544), which no real network uses. */
  readonly network: string;
}

/** @param directory its cache, which need not exist yet */
export function instanceOf(directory: string): Instance {
  const digest = createHash("sha256").update(real(directory)).digest();
  return { id: digest.toString("hex").slice(0, 6), network: `198.19.${1 + (digest.readUInt16BE(3) % 254)}` };
}

/** One directory under two names is one cache. */
function real(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    return directory;
  }
}

export const instance = instanceOf(cache);
