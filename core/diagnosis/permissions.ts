/**
 * The permission matrix: which reader can do what on a FUSE mount, by who runs its daemon and with which options. Pure: from
 * the `permission` records of the producer and the `access` records of the readers (probe/permissions.sh).
 */
import { MATRIX_READERS, type MatrixReader } from "../contract/readers.ts";
import { isStep, type RecordOf } from "../contract/records.ts";
import {
  DAEMON_UIDS,
  LAST_VARIANT,
  OPERATIONS,
  type Operation,
  READING,
  VARIANTS,
  type Variant,
  type VariantId,
} from "../contract/variants.ts";
import type { Evidence } from "../evidence/evidence.ts";
import { of } from "./causes/index.ts";

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
  /** A reader without a record of it is absent. */
  readonly readers: Readonly<Partial<Record<MatrixReader, Access>>>;
}

/** A variant without a record of the producer is absent. */
export type PermissionMatrix = Readonly<Partial<Record<VariantId, VariantPermissions>>>;

/** @returns undefined where the matrix was no part of the test, or has not begun */
export function permissionsOf(evidence: Evidence): PermissionMatrix | undefined {
  const found = VARIANTS.flatMap(({ id }) => {
    const record = of(evidence, "producer", "permission").findLast(({ variant }) => variant === id);
    return record ? [[id, variantOf(evidence, id, record)] as const] : [];
  });
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

/**
 * Whether nothing more of the matrix is to come: every reader has recorded every variant that is mounted; or the producer is
 * through with its schedule, and mounted none.
 */
export function permissionsComplete(evidence: Evidence): boolean {
  const matrix = permissionsOf(evidence) ?? {};
  // A producer that cannot mount gives up, and comes to no matrix.
  const through = evidence.records.some(
    (record) =>
      record.role === "producer" &&
      (isStep(record, "inspect", "finish") || (record.step === "mount" && record.result === "error")),
  );
  if (!through && VARIANTS.some(({ id }) => matrix[id] === undefined)) return false;
  // The last one's mount is the readers' sign: without it none of them begins.
  if (matrix[LAST_VARIANT]?.mounted !== "yes") return true;
  return Object.values(matrix).every(
    ({ mounted, readers }) =>
      mounted === "refused" || MATRIX_READERS.every(({ matrix: name }) => readers[name] !== undefined),
  );
}

function variantOf(
  evidence: Evidence,
  id: VariantId,
  { result, errno, detail }: RecordOf<"permission">,
): VariantPermissions {
  const readers = MATRIX_READERS.flatMap(({ role, matrix, uid }) => {
    const record = of(evidence, role, "access").findLast(({ variant }) => variant === id);
    return record ? [[matrix, accessOf(record, uid)] as const] : [];
  });
  return {
    mounted: result === "ok" ? "yes" : "refused",
    ...(errno && result !== "ok" ? { errno } : {}),
    ...(detail && result !== "ok" ? { detail } : {}),
    readers: Object.fromEntries(readers),
  };
}

function accessOf(record: RecordOf<"access">, usualUid: number): Access {
  const { mounted, uid = "", nlink = "" } = record;
  return {
    mounted: mounted === "yes" ? "yes" : "no",
    uid: /^\d+$/.test(uid) ? Number(uid) : usualUid,
    ...(/^\d+$/.test(nlink) ? { nlink: Number(nlink) } : {}),
    ...Object.fromEntries(OPERATIONS.flatMap((one) => (record[one] ? [[one, record[one]]] : []))),
  };
}

/** A cell that contradicts what is known of FUSE, or a write that nothing refused. */
export interface Surprise {
  readonly variant: VariantId;
  /** Undefined where the mount itself is the surprise. */
  readonly reader?: MatrixReader;
  readonly kind: "mounted" | "let-in" | "kept-out" | "written";
  readonly text: string;
}

/**
 * Where the matrix contradicts FUSE's law. Without allow_other only the user who mounted is let in, and root is another user,
 * too; with it everybody is; and a user may ask for it only where fuse.conf has user_allow_other (mount.fuse3(8), options
 * allow_other and user_allow_other; Documentation/filesystems/fuse.rst of Linux). The one exception is the kernel module's
 * parameter allow_sys_admin_access, for a reader with CAP_SYS_ADMIN: no reader of this test has it.
 *
 * A write is reported wherever it works. Every reader's volume is read-only, but that holds for the bridge alone: a mount that
 * propagates below it keeps its own flags, and Kubernetes' recursiveReadOnly excludes propagation (API reference, VolumeMount).
 */
export function surprises(matrix: PermissionMatrix): Surprise[] {
  return VARIANTS.flatMap((variant: Variant & { readonly id: VariantId }) => {
    const found = matrix[variant.id];
    if (found?.mounted !== "yes") return [];
    const cells = MATRIX_READERS.flatMap(({ matrix: name }) => {
      const access = found.readers[name];
      return access?.mounted === "yes" ? cellSurprises(variant, name, access) : [];
    });
    const against = variant.daemon === "user" && variant.allowOther && variant.userAllowOther === false;
    const text = "a user mounted with allow_other although fuse.conf does not have user_allow_other";
    return against ? [{ variant: variant.id, kind: "mounted", text }, ...cells] : cells;
  });
}

function cellSurprises(
  variant: Variant & { readonly id: VariantId },
  reader: MatrixReader,
  access: Access,
): Surprise[] {
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
