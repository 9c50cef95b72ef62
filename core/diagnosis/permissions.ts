/**
 * The permission matrix: which reader can do what on a FUSE mount, by who runs its daemon and with which options. Pure: from
 * the `permission` records of the producer and the `access` records of the readers (probe/permissions.sh).
 */
import type { Evidence, ProbeRecord } from "../evidence/evidence.ts";

/** One way to mount, as the producer does it. */
export interface Variant {
  readonly id: string;
  /** Who runs the daemon: root, or uid and gid 1000. */
  readonly daemon: "root" | "user";
  /** Whether the daemon asks for allow_other. */
  readonly allowOther: boolean;
  /** Whether /etc/fuse.conf has user_allow_other; without meaning for root. */
  readonly userAllowOther?: boolean;
}

/** In the order of a table. The ids are those of probe/permissions.sh and of probe/sweep.sh. */
export const VARIANTS = [
  { id: "root-allow", daemon: "root", allowOther: true },
  { id: "root-only", daemon: "root", allowOther: false },
  { id: "user-conf-allow", daemon: "user", allowOther: true, userAllowOther: true },
  { id: "user-conf-only", daemon: "user", allowOther: false, userAllowOther: true },
  { id: "user-noconf-allow", daemon: "user", allowOther: true, userAllowOther: false },
  { id: "user-noconf-only", daemon: "user", allowOther: false, userAllowOther: false },
] as const satisfies readonly Variant[];
export type VariantId = (typeof VARIANTS)[number]["id"];

/** The readers by what they may do, with the role that their records carry and the uid that the manifests give them. */
export const READER_ROLES = { root: "default", user: "user", hardened: "hardened" } as const;
export type Reader = keyof typeof READER_ROLES;
export const READER_NAMES = Object.keys(READER_ROLES) as Reader[];
const READER_UIDS: Readonly<Record<Reader, number>> = { root: 0, user: 1000, hardened: 65534 };
const DAEMON_UIDS = { root: 0, user: 1000 } as const;

/** What only reads: listing, stat of the mount point, a file, a file in a sub-directory, a file through a symbolic link. */
export const READING = ["list", "stat", "read", "sub", "link"] as const;
export const OPERATIONS = [...READING, "write"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** What one reader met on one variant: per operation `ok` or the errno's name; an operation that was not tried is absent. */
export type Access = { readonly [operation in Operation]?: string } & {
  /** Whether the mount had reached this reader: without it, nothing was tried. */
  readonly mounted: "yes" | "no";
  readonly uid: number;
  /** Hard links of the mount point's directory, as stat says. */
  readonly nlink?: number;
};

export interface VariantPermissions {
  readonly mounted: "yes" | "refused";
  /** Only where it was refused: the errno's name, and the tool's own words. */
  readonly errno?: string;
  readonly detail?: string;
  /** A reader that has not told is absent. */
  readonly readers: Readonly<Partial<Record<Reader, Access>>>;
}

/** A variant of which the producer has not told is absent. */
export type PermissionMatrix = Readonly<Partial<Record<VariantId, VariantPermissions>>>;

/** @returns undefined where the matrix was no part of the test, or has not begun */
export function permissionsOf(evidence: Evidence): PermissionMatrix | undefined {
  const found = VARIANTS.flatMap(({ id }) => {
    const record = last(evidence, "producer", "permission", id);
    return record ? [[id, variantOf(evidence, id, record)] as const] : [];
  });
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

/**
 * Whether nothing more of the matrix is to come: every reader has told of every variant that is mounted; or the producer is
 * through with its schedule, and mounted none.
 */
export function permissionsComplete(evidence: Evidence): boolean {
  const matrix = permissionsOf(evidence) ?? {};
  const through = evidence.records.some(
    ({ role, step }) => role === "producer" && ["inspect", "finish"].includes(step),
  );
  if (!through && VARIANTS.some(({ id }) => matrix[id] === undefined)) return false;
  // The last one's mount is the readers' sign: without it none of them begins.
  if (matrix["root-allow"]?.mounted !== "yes") return true;
  return Object.values(matrix).every(
    ({ mounted, readers }) => mounted === "refused" || READER_NAMES.every((reader) => readers[reader] !== undefined),
  );
}

function variantOf(evidence: Evidence, id: VariantId, { result, errno, detail }: ProbeRecord): VariantPermissions {
  const readers = READER_NAMES.flatMap((reader) => {
    const record = last(evidence, READER_ROLES[reader], "access", id);
    return record ? [[reader, accessOf(reader, record)] as const] : [];
  });
  return {
    mounted: result === "ok" ? "yes" : "refused",
    ...(errno && result !== "ok" ? { errno } : {}),
    ...(detail && result !== "ok" ? { detail } : {}),
    readers: Object.fromEntries(readers),
  };
}

function accessOf(reader: Reader, record: ProbeRecord): Access {
  const text = (key: string) => (typeof record[key] === "string" ? record[key] : "");
  const answers = OPERATIONS.flatMap((operation) => (text(operation) ? [[operation, text(operation)] as const] : []));
  return {
    mounted: record.mounted === "yes" ? "yes" : "no",
    uid: /^\d+$/.test(text("uid")) ? Number(text("uid")) : READER_UIDS[reader],
    ...(/^\d+$/.test(text("nlink")) ? { nlink: Number(text("nlink")) } : {}),
    ...Object.fromEntries(answers),
  };
}

const last = (evidence: Evidence, role: string, step: string, variant: string): ProbeRecord | undefined =>
  evidence.records.findLast((record) => record.role === role && record.step === step && record.variant === variant);

/** A cell that contradicts what is known of FUSE, or a write that nothing refused. */
export interface Surprise {
  readonly variant: VariantId;
  /** Undefined where the mount itself is the surprise. */
  readonly reader?: Reader;
  readonly kind: "mounted" | "let-in" | "kept-out" | "written";
  readonly text: string;
}

/**
 * Where the matrix contradicts FUSE's law. Without allow_other only the user who mounted is let in, and root is another user,
 * too; with it everybody is; and a user may ask for it only where fuse.conf has user_allow_other (mount.fuse3(8), options
 * allow_other and user_allow_other; Documentation/filesystems/fuse.rst of Linux). The one exception is the kernel module's
 * parameter allow_sys_admin_access, for a reader with CAP_SYS_ADMIN: no reader of this test has it.
 *
 * A write is told of wherever it works. Every reader's volume is read-only, but that holds for the bridge alone: a mount that
 * propagates below it keeps its own flags, and Kubernetes' recursiveReadOnly excludes propagation (API reference, VolumeMount).
 */
export function surprises(matrix: PermissionMatrix): Surprise[] {
  return VARIANTS.flatMap((variant: Variant & { readonly id: VariantId }) => {
    const found = matrix[variant.id];
    if (found?.mounted !== "yes") return [];
    const cells = READER_NAMES.flatMap((reader) => {
      const access = found.readers[reader];
      return access?.mounted === "yes" ? cellSurprises(variant, reader, access) : [];
    });
    const against = variant.daemon === "user" && variant.allowOther && variant.userAllowOther === false;
    const text = "a user mounted with allow_other although fuse.conf does not have user_allow_other";
    return against ? [{ variant: variant.id, kind: "mounted", text }, ...cells] : cells;
  });
}

function cellSurprises(variant: Variant & { readonly id: VariantId }, reader: Reader, access: Access): Surprise[] {
  const cell = { variant: variant.id, reader };
  const lawful = variant.allowOther || access.uid === DAEMON_UIDS[variant.daemon];
  const letIn = OPERATIONS.filter((operation) => access[operation] === "ok");
  const keptOut = READING.filter((operation) => ["EACCES", "EPERM"].includes(access[operation] ?? ""));
  const who = `uid ${access.uid}`;
  return [
    ...(lawful && keptOut.length > 0
      ? [
          {
            ...cell,
            kind: "kept-out" as const,
            text: `${who} is kept out of ${keptOut.join(", ")}, against FUSE's rules`,
          },
        ]
      : []),
    ...(!lawful && letIn.length > 0
      ? [{ ...cell, kind: "let-in" as const, text: `${who} may ${letIn.join(", ")} without allow_other` }]
      : []),
    ...(access.write === "ok"
      ? [{ ...cell, kind: "written" as const, text: `${who} can write, although its volume is read-only` }]
      : []),
  ];
}
