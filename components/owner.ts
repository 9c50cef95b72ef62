/** Whose a test is. */
import { hostname, userInfo } from "node:os";

/** Where the settings do not say: of this user, on this machine, with this stack. */
export function ownerHere(stack: string): string {
  return `${user()}@${hostname()}/${stack}`.replaceAll(/[^\w.@:/+-]/g, "-").slice(0, 200);
}

/** A container may run under a number that has no name. */
function user(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "user");
  }
}
