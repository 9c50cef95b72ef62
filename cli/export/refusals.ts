/** What can be wrong with a file of the checkout, in words: the system's own refusals, and what an export must not do to it. */
import type { Stats } from "node:fs";
import { UserError } from "../../base/problem.ts";
import { ParentError } from "../../core/gitops/entry.ts";

type Verb = "read" | "written" | "removed";

const REFUSALS: Readonly<Record<string, readonly [words: string, remedy: string]>> = {
  EACCES: ["permission denied", "run this as a user who may, or change the file's mode or owner"],
  EPERM: ["the system does not permit it", "see `lsattr` for the attribute that makes it immutable"],
  EROFS: ["the file system is read-only", "give a checkout that can be written"],
  EISDIR: ["it is a directory", "move it away, or choose another flux.path, flux.group or flux.entry"],
  ENOTDIR: ["a file stands where the path needs a directory", "move it away, or choose another flux.path"],
  ENOSPC: ["there is no space left", "make room, then run this again"],
};

/** Does work on a file of the checkout. @throws UserError where the system refuses it */
export function explained<T>(path: string, verb: Verb, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    // What `mkdir` says of a file in a directory's place.
    const found = REFUSALS[code === "EEXIST" ? "ENOTDIR" : code];
    throw found ? refusal(path, verb, ...found, cause) : cause;
  }
}

/** Makes a plan. @throws UserError where a file that is there already cannot be edited without guessing */
export function withoutGuess<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ParentError)) throw error;
    throw new UserError(error.message, { remedy: "edit that file by hand as said, then run this again" });
  }
}

/** @throws UserError where replacing the file would change more than its text */
export function requireReplaceable(path: string, there: Stats): void {
  if (there.isDirectory()) throw refusal(path, "written", ...(REFUSALS.EISDIR as [string, string]));
  if (!there.isFile()) throw refusal(path, "written", "it is no regular file", "replace it by one");
  // A new file takes the old one's place, so that nobody ever reads half of it: other names keep the old text.
  if (there.nlink > 1)
    throw refusal(
      path,
      "written",
      `it has ${there.nlink} names (hard links), and would be parted from the others`,
      `make it a file of its own: cp -p ${path} ${path}.new && mv ${path}.new ${path}`,
    );
  const me = process.geteuid?.();
  if (me === undefined || me === 0) return;
  if (there.uid !== me)
    throw refusal(path, "written", `it belongs to user ${there.uid}, and would be yours`, "run this as its owner");
  if (there.gid !== process.getegid?.() && !process.getgroups?.().includes(there.gid))
    throw refusal(path, "written", `it belongs to group ${there.gid}, which you are not in`, "run this as its owner");
}

/** @throws UserError where it is not UTF-8: what is read as anything else is not written back as it was */
export function decoded(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UserError(`${path} is not UTF-8`, {
      remedy: `convert it, as in: iconv -f latin1 -t utf-8 ${path} -o ${path}.new && mv ${path}.new ${path}`,
    });
  }
}

const refusal = (path: string, verb: Verb, words: string, remedy: string, cause?: unknown): UserError =>
  new UserError(`${path} cannot be ${verb}: ${words}`, { remedy, cause });
