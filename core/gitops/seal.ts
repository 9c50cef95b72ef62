/**
 * Tells what we wrote from what a person wrote: each exported file begins with a hash of the lines below it. A file whose
 * hash still fits is ours, of these settings or of earlier ones; any other was edited by hand.
 */
import { createHash } from "node:crypto";

const NOTICE = "# Written by fuse-propagation-test: change the settings and export again instead of editing this file.";
const SEAL = /^# seal ([0-9a-f]{16})$/;

export type FileState = "absent" | "current" | "older" | "edited";

export function sealed(body: string): string {
  return `${NOTICE}\n# seal ${hashOf(body)}\n${body}`;
}

/** Line ends do not count: a checkout may convert them. */
export function stateOf(found: string | undefined, rendered: string | undefined): FileState {
  if (found === undefined) return "absent";
  const text = found.replaceAll("\r\n", "\n");
  if (text === rendered) return "current";
  const [notice, seal = "", ...body] = text.split("\n");
  return notice === NOTICE && SEAL.exec(seal)?.[1] === hashOf(body.join("\n")) ? "older" : "edited";
}

function hashOf(body: string): string {
  return createHash("sha256").update(body).digest("hex").slice(0, 16);
}
