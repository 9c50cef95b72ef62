/** What is wrong with how pods share a mount, as lines for a person: of manifests, and of pods that run. */
import { MARKS } from "../base/marks.ts";
import type { Finding, Layout } from "../core/layout/index.ts";
import type { Diagnosis, LiveFinding } from "../core/live/index.ts";

type Severity = Pick<Finding, "severity">;

/** Of a finding's quotes a person needs the first. */
const QUOTES = 4;

/** @param finding without a basis where it is of manifests */
export function findingLines(finding: Omit<Finding, "id"> & Pick<LiveFinding, "id"> & Partial<LiveFinding>): string[] {
  const { id, severity, file, object, path, message, fix, basis, evidence = [] } = finding;
  return [
    `${severity === "error" ? MARKS.failure : MARKS.note} ${id}  ${object}${basis ? `  (${basis})` : ""}`,
    `  ${message}`,
    ...evidence.slice(0, QUOTES).map(({ source, text }) => `  seen ${source}: ${text}`),
    `  at   ${file}: ${path}`,
    `  fix  ${fix}`,
    "",
  ];
}

const errorsIn = (findings: readonly Severity[]): number =>
  findings.filter(({ severity }) => severity === "error").length;

/** @param strict whether advice counts */
export const isFailure = (findings: readonly Severity[], strict = false): boolean =>
  strict ? findings.length > 0 : errorsIn(findings) > 0;

/** The last line of a look at manifests. */
export function layoutSummary({ findings, producers, readers }: Layout): string {
  const errors = errorsIn(findings);
  const advice = findings.length - errors;
  const seen = `${counted(producers, "FUSE daemon")} and ${counted(readers, "reader")}`;
  if (producers === 0) return `${MARKS.inconclusive} no FUSE daemon found: pass the daemon's manifest as well`;
  if (findings.length === 0 && readers === 0)
    return `${MARKS.inconclusive} nothing wrong found in the manifests of ${seen}: pass the readers' as well, or have what patches them built (static: no proof)`;
  const found = [
    ...(errors > 0 ? [counted(errors, "error")] : []),
    ...(advice > 0 ? [counted(advice, "suggestion")] : []),
  ];
  return found.length > 0
    ? `${errors > 0 ? MARKS.failure : MARKS.note} ${found.join(", ")} in the manifests of ${seen} (static: no proof)`
    : `${MARKS.success} nothing wrong found in the manifests of ${seen} (static: no proof)`;
}

/** The last line of a look at pods that run. */
export function liveSummary(
  { findings, producers, lone, readers, unread }: Diagnosis,
  namespaces: readonly string[],
): string {
  const seen = `${counted(producers, "FUSE daemon")} and ${counted(readers, "reader")} in ${namespaces.join(", ")}`;
  if (findings.length === 0 && producers > 0 && readers === 0)
    return `${MARKS.inconclusive} no reader of ${lone.join(", ")} found in ${namespaces.join(", ")}: name the readers' namespace as well with -n`;
  if (findings.length === 0 && readers === 0)
    return `${MARKS.inconclusive} no FUSE daemon with readers found in ${namespaces.join(", ")}: name them with --producer and --reader`;
  const proven = findings.filter(({ basis }) => basis === "proof").length;
  const errors = errorsIn(findings);
  const advice = findings.length - errors;
  if (errors > 0)
    return `${MARKS.failure} ${counted(findings.length, "finding")} at ${seen}: ${proven} proven, ${findings.length - proven} inferred`;
  if (unread.length > 0) return `${MARKS.inconclusive} nothing wrong found in what could be read of ${seen}`;
  return `${MARKS.success} nothing wrong found at ${seen}${advice > 0 ? `, and ${counted(advice, "suggestion")}` : ""}`;
}

/** `1 object`, `2 objects`. */
export const counted = (many: number, what: string): string => `${many} ${what}${many === 1 ? "" : "s"}`;
