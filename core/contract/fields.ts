/** What a field of a record may hold: any text, or one of the words that its step lists. */
import { z } from "zod";
import type { Unlisted } from "./unlisted.ts";

/**
 * A field. The probe writes each as text; one that is anything else is not the probe's, and makes the line no record. Any may be
 * missing: a record has what its result and the probe's version know.
 */
export const text = z.string().optional();
/** A field that holds one of these words, or one that this version does not know. */
export const word = <const Words extends readonly string[]>(...words: Words) =>
  z
    .enum(words)
    .or(z.custom<Unlisted>((value) => typeof value === "string"))
    .optional();

export type Field = typeof text | ReturnType<typeof word>;

/** The names of errors that the probe knows by the words of tools: see `errno_of` in lib.sh. ETIMEDOUT is a deadline of its own, too. */
export const ERRNOS = [
  "EACCES",
  "EAGAIN",
  "EBUSY",
  "ECONNABORTED",
  "EEXIST",
  "EHOSTDOWN",
  "EINVAL",
  "EIO",
  "EISDIR",
  "EMFILE",
  "ENODEV",
  "ENOENT",
  "ENOMEM",
  "ENOSPC",
  "ENOSYS",
  "ENOTCONN",
  "ENOTDIR",
  "ENOTEMPTY",
  "EOPNOTSUPP",
  "EPERM",
  "EROFS",
  "ESTALE",
  "ETIMEDOUT",
  "UNKNOWN",
] as const;
export type Errno = (typeof ERRNOS)[number];
export const errno = word(...ERRNOS);

const answer = word("ok", "", ...ERRNOS);
/** What each of these questions was answered: `ok`, an error, or nothing. */
export const answers = <Name extends string>(names: readonly Name[]) =>
  Object.fromEntries(names.map((name) => [name, answer])) as Record<Name, typeof answer>;
