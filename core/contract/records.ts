/**
 * Every record of the probe: a line of JSON in a container's log, as `record` of probe/lib.sh writes it. A test compares this table
 * with the scripts, both ways.
 */
import { z } from "zod";
import { FAULTS } from "./faults.ts";
import { answers, ERRNOS, errno, type Field, text, word } from "./fields.ts";
import { type AnyRole, CONTROL, READER_ROLES, READERS, ROLES, type Role } from "./readers.ts";
import { WAY_NAMES } from "./replacement.ts";
import { SAME_POD_WAYS } from "./samePod.ts";
import type { Unlisted } from "./unlisted.ts";
import { OPERATIONS, VARIANTS } from "./variants.ts";

export const RESULTS = ["ok", "error", "info"] as const;
export type Result = (typeof RESULTS)[number];

interface StepContract {
  readonly by: readonly Role[];
  readonly results: readonly Result[];
  readonly fields: Readonly<Record<string, Field>>;
}

const PRODUCER = ["producer"] as const;
const CONSUMER = [CONTROL.role, ...READER_ROLES] as const;
const LOOKING = [CONTROL.role, ...READERS] as const;

const variant = word(...VARIANTS.map(({ id }) => id));
const yesOrNo = word("yes", "no");
/** What crash tells in place of an errno where the mount is gone from the mount table with its daemon. */
const GONE = "GONE";
const faults = Object.keys(FAULTS) as (keyof typeof FAULTS)[];

/** Every step: who writes it, with which results and fields, and what it proves. */
export const STEPS = {
  // ---- of every container ----
  /** The image lacks what `detail` names: the container ends. */
  tools: { by: ROLES, results: ["error"], fields: { detail: text } },
  /** `uid` and effective `capabilities` as the kernel has them; `label` is the security module's, `uid_map` its first line. */
  identity: {
    by: [...PRODUCER, ...CONSUMER],
    results: ["info"],
    fields: { uid: text, gid: text, capabilities: text, no_new_privs: text, label: text, uid_map: text },
  },
  /** The daemon answered after `seconds`, later than the probe waits. */
  slow: { by: [...PRODUCER, ...LOOKING], results: ["info"], fields: { seconds: text } },
  finish: { by: [...PRODUCER, ...CONSUMER], results: ["info"], fields: {} },
  /** A file opened at the first success reads on, or does not; of the producer: the file that readers hold cannot be written. */
  held: { by: [...PRODUCER, ...READERS], results: ["ok", "error"], fields: { errno, detail: text } },
  /** The mount that a late consumer waits for is there, or never came. */
  turn: { by: ["turn"], results: ["ok", "error"], fields: { mountinfo: text } },

  /** Of many mounts `seen` of `asked` are there, in a table of `table` lines. `ok`: all; readers can read all, too (`readable`). */
  many: {
    by: [...PRODUCER, ...LOOKING],
    results: ["ok", "error", "info"],
    fields: { seen: text, asked: text, table: text, readable: text, detail: text },
  },

  // ---- of the producer, in the order of its schedule ----
  /** What the kernel offers: `fuse` in /proc/filesystems; `device`: /dev/fuse opens (yes), is missing (no), or the errno. */
  preflight: {
    by: PRODUCER,
    results: ["ok", "error"],
    fields: { fuse: yesOrNo, device: word("yes", "no", ...ERRNOS), propagation: text, mountinfo: text },
  },
  /**
   * What the node is, as a container sees it; what cannot be seen is empty. `cgroups`: the type of what is mounted at
   * /sys/fs/cgroup; `fuse_features`: file systems and parameters of the module; `kubelet_root`: as a path of its file system.
   */
  platform: {
    by: [...PRODUCER, CONTROL.role],
    results: ["info"],
    fields: { kernel: text, machine: text, cgroups: text, security: text, fuse_features: text, kubelet_root: text },
  },
  /** A mount that is not this test's lies at the mount point: the producer gives up. */
  "in-use": { by: PRODUCER, results: ["error"], fields: { errno, detail: text, mountinfo: text } },
  /** A mount of an earlier run was taken away; `state` is its errno, or alive. In a container's second life: the dead mount. */
  stale: {
    by: PRODUCER,
    results: ["ok", "error"],
    fields: { state: text, errno, detail: text, mountinfo: text },
  },
  /**
   * This pod took the place of another, `replaces` by its uid, which went by `way`: see replacement.ts. What that one had recorded
   * stands before this record. `mounts`: how many mounts it met at the mount point.
   */
  replaced: {
    by: PRODUCER,
    results: ["info"],
    fields: { way: word(...WAY_NAMES, ...SAME_POD_WAYS), replaces: text, mounts: text, mountinfo: text },
  },
  /**
   * Of a sidecar, whose files outlive its pod: one of them, written before the first mount, is there as it was. `info`: it was
   * written.
   */
  sentinel: { by: PRODUCER, results: ["ok", "error", "info"], fields: { detail: text } },
  /**
   * Of a sidecar over an emptyDir: that volume is bound into the scenario's directory of the node too, so that a mount which is left
   * there can be taken away.
   */
  window: { by: PRODUCER, results: ["ok", "error"], fields: { errno, detail: text, mountinfo: text } },
  settle: { by: PRODUCER, results: ["info"], fields: {} },
  "unmount-at-start": { by: PRODUCER, results: ["ok", "error"], fields: { errno, detail: text } },
  /** `info`: the daemon was started. `error`: it ended by itself with `exit_code`. */
  daemon: {
    by: PRODUCER,
    results: ["info", "error"],
    fields: { driver: text, pid: text, detail: text, exit_code: text },
  },
  /**
   * `ok`: the mount table has a FUSE line at the mount point itself; `mountinfo` is that line, `mount` counts them. Until
   * `absent_until` it had none.
   */
  mount: {
    by: PRODUCER,
    results: ["ok", "error"],
    fields: {
      fstype: text,
      propagation: text,
      mount: text,
      absent_until: text,
      mountinfo: text,
      errno,
      detail: text,
      exit_code: text,
    },
  },
  /**
   * `ok`: the marker was read back from another device than the one below the mount; `nonce` tells this mount. Until `absent_until`
   * nobody can have read it: then it was written, or a file of the daemon's own was not there.
   */
  marker: {
    by: PRODUCER,
    results: ["ok", "error"],
    fields: {
      path: text,
      nonce: text,
      absent_until: text,
      mount: text,
      device: text,
      bridge_device: text,
      errno,
      detail: text,
    },
  },
  /** The node is busy: `seconds` of the schedule took `took` seconds. */
  pace: { by: PRODUCER, results: ["info"], fields: { seconds: text, took: text } },
  /** `info`: the container takes memory until the kernel ends it. `error`: it cannot note that it is to die, and so does not. */
  died: { by: PRODUCER, results: ["info", "error"], fields: { detail: text } },
  /**
   * `ok`: the daemon was killed (`fault` hang: stopped) at `at`, and the producer has seen since that the mount is dead: `errno`
   * ENOTCONN (ECONNABORTED where its question was in flight), or GONE from the mount table; of a hang ETIMEDOUT. `fault` oom: said by
   * the container's next life; `at` is when the one before was last alive. `error`: the daemon lives on.
   */
  crash: {
    by: PRODUCER,
    results: ["ok", "error"],
    fields: { fault: word(...faults), at: text, errno: word(...ERRNOS, GONE), detail: text, mountinfo: text },
  },
  abort: { by: PRODUCER, results: ["ok", "error"], fields: { connection: text, errno, detail: text } },
  /** `ok`: the mount table has no FUSE mount at the mount point any more. A new life of a container says `stale ok` instead.
   * `info`: it stays, as the settings ask. */
  clean: { by: PRODUCER, results: ["ok", "error", "info"], fields: { errno, detail: text, mountinfo: text } },
  "unmount-in-order": { by: PRODUCER, results: ["ok", "error"], fields: { errno, detail: text } },
  inspect: { by: PRODUCER, results: ["info"], fields: {} },
  /** The last word: whether anything of this run is still mounted. */
  unmount: { by: PRODUCER, results: ["ok", "error"], fields: { detail: text, mountinfo: text } },
  /** What became of a variant of the permission matrix. */
  permission: {
    by: PRODUCER,
    results: ["ok", "error"],
    fields: { variant, errno, detail: text, mountinfo: text },
  },

  // ---- of the consumer's containers ----
  /** How the bridge is mounted; whether a FUSE mount was there before the container; which of its lives this is. */
  start: {
    by: CONSUMER,
    results: ["info"],
    fields: { propagation: text, fuse_at_start: yesOrNo, life: text, mountinfo: text },
  },
  /**
   * One look at the marker, from `looked` to the record's own time, written only where it differs from the last one. `mountinfo` is of
   * the mount point itself, or of the bridge; `mounts` are all lines of the mount point. `table` is how many mounts the container
   * has in all, without those of the permission matrix.
   */
  read: {
    by: LOOKING,
    results: ["ok", "error"],
    fields: {
      path: text,
      looked: text,
      fstype: text,
      propagation: text,
      device: text,
      bridge_device: text,
      nonce: text,
      marker_run: text,
      mountinfo: text,
      errno,
      detail: text,
      mounts: text,
      table: text,
    },
  },
  /** The last `read` is still true: it fails, at the mount of `mountinfo`. */
  look: { by: READERS, results: ["error"], fields: { errno, looked: text, mountinfo: text } },
  /** `ok`: it does not see the marker; `mountinfo` is its own bridge. `kind` late: what it sees it was born with. */
  control: {
    by: [CONTROL.role],
    results: ["ok", "info", "error"],
    fields: { nonce: text, kind: word("late", "seen"), mountinfo: text },
  },
  /** A marker is visible, but does not count. */
  doubt: {
    by: READERS,
    results: ["error"],
    fields: { kind: word("hollow", "reader-late", "control-late"), fstype: text, mountinfo: text },
  },
  /**
   * `seen_uptime` and `seen_until` are the beginning and end of the look that saw the marker, `control_uptime` is the beginning of
   * the control's look that came after it and saw nothing.
   */
  verdict: {
    by: READERS,
    results: ["ok", "error"],
    fields: { nonce: text, seen_uptime: text, seen_until: text, control_uptime: text, doubt: text },
  },
  /** The reader ends itself, as a liveness probe would end it. */
  restart: { by: READERS, results: ["info"], fields: { errno } },
  /** What a reader met on a variant: per operation `ok`, the errno's name, or nothing where it was not tried. */
  access: {
    by: READER_ROLES,
    results: ["ok", "error", "info"],
    fields: { variant, mounted: yesOrNo, uid: text, nlink: text, ...answers(OPERATIONS) },
  },
} as const satisfies Readonly<Record<string, StepContract>>;

export type Step = keyof typeof STEPS;
/** Who may write a step. */
export type WriterOf<S extends Step> = (typeof STEPS)[S]["by"][number];
/** The fields of a step. */
export type FieldsOf<S extends Step> = {
  readonly [Name in keyof (typeof STEPS)[S]["fields"]]?: z.output<(typeof STEPS)[S]["fields"][Name] & Field>;
};

const common = {
  time: z.string(),
  /** Seconds since the node's boot, 10 ms fine: the one clock all containers of a node share. */
  uptime: z.number().nonnegative(),
  run: z.string(),
  node: z.string(),
  role: z.custom<AnyRole>((value) => typeof value === "string" && value !== ""),
  step: z.string().min(1),
  result: z.enum(RESULTS),
};
type Common = Readonly<Omit<z.output<z.ZodObject<typeof common>>, "step">>;

/** What a quote shows of a record, whatever its step. */
const proof = { errno: word(...ERRNOS, GONE), detail: text, nonce: text, mountinfo: text };
type Proof = Readonly<z.output<z.ZodObject<typeof proof>>>;

type Listed<S extends Step> = Common &
  FieldsOf<S> & { readonly step: S } & { readonly [Name in Exclude<keyof Proof, keyof FieldsOf<S>>]?: undefined };

/** One machine-readable line of the probe. Its step tells which fields it has. */
export type ProbeRecord = { [S in Step]: Listed<S> }[Step] | (Common & Proof & { readonly step: Unlisted });
/** A record of a step, and of certain writers. */
export type RecordOf<S extends Step, By extends AnyRole = AnyRole> = Extract<ProbeRecord, { readonly step: S }> & {
  readonly role: By;
};

/** Whether a record is of one of these steps. */
export const isStep = <S extends Step>(record: ProbeRecord, ...steps: readonly S[]): record is RecordOf<S> =>
  steps.some((step) => step === record.step);

const unlisted = z.looseObject({ ...common, ...proof });
const schemas = new Map<string, z.ZodType>(
  Object.entries(STEPS).map(([step, { fields }]) => [step, z.looseObject({ ...common, ...proof, ...fields })] as const),
);

/** How a record's line begins. */
const BEGINNING = '{"time":"';

/**
 * A probe's log line as a record, or undefined where the line is for people, or torn. A step that is not listed is kept as it is: a
 * probe of another version may know it.
 */
export function parseRecord(line: string): ProbeRecord | undefined {
  if (!line.startsWith(BEGINNING)) return undefined;
  try {
    const found = JSON.parse(line) as { readonly step?: string };
    // The types follow from the same table as the schemas; what is not listed has no name that code could compare with.
    return (schemas.get(found.step ?? "") ?? unlisted).safeParse(found).data as ProbeRecord | undefined;
  } catch {
    return undefined;
  }
}
