/** The permission matrix as a table for a person at a terminal. */
import { MARKS } from "../base/marks.ts";
import { MATRIX_READERS } from "../core/contract/readers.ts";
import { READING, VARIANTS, type VariantId } from "../core/contract/variants.ts";
import {
  type Access,
  type PermissionMatrix,
  type Surprise,
  surprises,
  type VariantPermissions,
} from "../core/diagnosis/permissions.ts";

const NOT_PROBED = "not probed";

/** One line a variant, indented as the parts of a verdict are; then what needs words: refusals, and what is marked. */
export function permissionLines(matrix: PermissionMatrix): string[] {
  const odd = surprises(matrix);
  const common = commonRemarks(matrix);
  const table = [
    ["readable by whom", ...MATRIX_READERS.map(({ heading }) => heading)],
    ...VARIANTS.map(({ id, title }) => [title, ...cells(id, matrix[id], odd, common)]),
  ];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => (row[column] ?? "").length))) ?? [];
  return [
    ...table.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd()),
    ...(common.length > 0 ? [`  wherever it reads: ${common.join("; ")}`] : []),
    ...refusals(matrix),
    ...remarks(odd),
  ];
}

function cells(
  id: VariantId,
  variant: VariantPermissions | undefined,
  odd: readonly Surprise[],
  common: readonly string[],
): string[] {
  if (variant?.mounted === "refused") {
    const { errno = "UNKNOWN" } = variant;
    return MATRIX_READERS.map(() => (errno === "UNKNOWN" ? "refused" : `refused: ${errno}`));
  }
  return MATRIX_READERS.map(({ matrix: reader }) => {
    const own = odd.filter((one) => one.variant === id && (one.reader ?? reader) === reader);
    const text = [cell(variant?.readers[reader], common), ...(own.some(isWrite) ? ["writes"] : [])].join(", ");
    return own.length > 0 ? `${text} ${MARKS.inconclusive}` : text;
  });
}

/** What reading met: one word where all operations agree, otherwise each that differs. */
function cell(access: Access | undefined, common: readonly string[]): string {
  if (!access) return NOT_PROBED;
  if (access.mounted === "no") return "no mount";
  const answers = new Set(READING.map((operation) => access[operation] ?? NOT_PROBED));
  const [only] = answers;
  if (answers.size === 1 && only !== undefined) return only === "ok" ? "reads" : only;
  if (access.read === "ok")
    return ["reads", ...exceptions(access).filter((remark) => !common.includes(remark))].join("; ");
  return READING.map((operation) => `${operation} ${access[operation] ?? NOT_PROBED}`).join("; ");
}

const exceptions = (access: Access): string[] =>
  READING.flatMap((operation) =>
    access[operation] === "ok" ? [] : [`${operation} ${access[operation] ?? NOT_PROBED}`],
  );

/** What every cell that reads says: a property of the daemon, such as rclone's of symbolic links, and no permission. */
function commonRemarks(matrix: PermissionMatrix): string[] {
  const reading = Object.values(matrix)
    .flatMap(({ readers }) => Object.values(readers))
    .filter(({ read }) => read === "ok")
    .map(exceptions);
  if (reading.length < 2) return [];
  return (reading[0] ?? []).filter((remark) => reading.every((one) => one.includes(remark)));
}

const refusals = (matrix: PermissionMatrix): string[] =>
  VARIANTS.flatMap(({ id, title }) => {
    const { mounted, detail } = matrix[id] ?? {};
    return mounted === "refused" && detail ? [`  ${title}: ${tellingLine(detail)}`] : [];
  });

/** Of what a daemon said before it gave up, the line that says why; a daemon begins with what it always says. */
function tellingLine(detail: string): string {
  const lines = detail.split("\n").filter((line) => line.trim() !== "");
  return lines.find((line) => REASON.test(line)) ?? lines.find((line) => FAULT.test(line)) ?? lines[0] ?? detail;
}

const REASON = /fusermount|denied|not permitted|only allowed/i;
const FAULT = /error|fatal|failed/i;

const titleOf = (variant: VariantId): string => VARIANTS.find(({ id }) => id === variant)?.title ?? variant;

const isWrite = ({ kind }: Surprise): boolean => kind === "written";

function remarks(odd: readonly Surprise[]): string[] {
  const writes = odd.filter(isWrite).length;
  return [
    ...(writes > 0
      ? [
          `  ${MARKS.inconclusive} ${writes} can write: a volume's readOnly does not reach a mount below it; mount read-only in the daemon (rclone: --read-only)`,
        ]
      : []),
    ...odd
      .filter((one) => !isWrite(one))
      .map(({ variant, text }) => `  ${MARKS.inconclusive} ${titleOf(variant)}: ${text}`),
  ];
}
