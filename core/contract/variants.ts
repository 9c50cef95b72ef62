/** The permission matrix' own words: the ways to mount, by who runs the daemon and how, and what a reader tries on each. */
import { PLAIN_UID } from "./readers.ts";

/** The users that run a daemon, by their uid, which is their gid too. */
export const DAEMON_UIDS = { root: 0, user: PLAIN_UID } as const;

/** One way to mount, as the producer does it. */
export interface Variant {
  readonly id: string;
  readonly daemon: keyof typeof DAEMON_UIDS;
  /** Whether the daemon asks for allow_other. */
  readonly allowOther: boolean;
  /** Whether /etc/fuse.conf has user_allow_other; without meaning for root. */
  readonly userAllowOther?: boolean;
  /** The same for people. */
  readonly title: string;
}

/** In the order of a table. probe/permissions.sh and probe/sweep.sh have the ids too, in the order in which they are mounted. */
export const VARIANTS = [
  { id: "root-allow", daemon: "root", allowOther: true, title: "root daemon, allow_other" },
  { id: "root-only", daemon: "root", allowOther: false, title: "root daemon, no allow_other" },
  {
    id: "user-conf-allow",
    daemon: "user",
    allowOther: true,
    userAllowOther: true,
    title: "user daemon, allow_other, fuse.conf allows it",
  },
  {
    id: "user-conf-only",
    daemon: "user",
    allowOther: false,
    userAllowOther: true,
    title: "user daemon, no allow_other, fuse.conf allows it",
  },
  {
    id: "user-noconf-allow",
    daemon: "user",
    allowOther: true,
    userAllowOther: false,
    title: "user daemon, allow_other, fuse.conf forbids it",
  },
  {
    id: "user-noconf-only",
    daemon: "user",
    allowOther: false,
    userAllowOther: false,
    title: "user daemon, no allow_other, fuse.conf forbids it",
  },
] as const satisfies readonly Variant[];
export type VariantId = (typeof VARIANTS)[number]["id"];

/** The variant that is mounted last: its mount is the readers' sign to begin. */
export const LAST_VARIANT = "root-allow" satisfies VariantId;

/** What only reads: listing, stat of the mount point, a file, a file in a sub-directory, a file through a symbolic link. */
export const READING = ["list", "stat", "read", "sub", "link"] as const;
export const OPERATIONS = [...READING, "write"] as const;
export type Operation = (typeof OPERATIONS)[number];
