/** A verdict as lines for a person at a terminal. */

import { MARKS } from "../base/marks.ts";
import { printable, shortIds } from "../base/printable.ts";
import { REPLACEMENT_WAYS } from "../core/contract/replacement.ts";
import { SAME_POD_WORDS } from "../core/contract/samePod.ts";
import type { NodeVerdict } from "../core/diagnosis/answer.ts";
import type { Decision } from "../core/diagnosis/decision.ts";
import { daemonLine, platformLine } from "../core/diagnosis/platform.ts";
import type { Replacement } from "../core/diagnosis/replacements.ts";
import type { SamePod } from "../core/diagnosis/samePod.ts";
import type { ReaderTimeline } from "../core/diagnosis/timeline.ts";
import type { Verdict } from "../core/diagnosis/verdict.ts";
import { outcomeLine } from "../core/recipe/trial.ts";
import { fixLines } from "./fix.ts";
import { permissionLines } from "./permissions.ts";

/** At most this many pieces of evidence are shown; the JSON document has them all. */
const QUOTES = 6;

export function verdictLines(node: string, verdict: NodeVerdict): string[] {
  const shown = verdict.evidence.slice(0, QUOTES);
  const more = verdict.evidence.length - shown.length;
  return [
    `${MARKS[verdict.verdict]} ${node}: ${verdict.verdict.toUpperCase()}${verdict.grade ? `, grade ${verdict.grade}` : ""} (${verdict.cause})`,
    `  ${verdict.explanation}`,
    ...timingLines(verdict),
    ...(verdict.permissions ? permissionLines(verdict.permissions) : []),
    ...scenarioLines(verdict),
    ...recipeLines(verdict),
    ...noteLines(verdict),
    `  daemon    ${daemonLine(verdict.daemon)}`,
    `  platform  ${platformLine(verdict.platform)}`,
    "  evidence",
    ...shown.flatMap(({ source, text }) => [`    ${source}`, `      ${shortIds(text)}`]),
    ...(more > 0 ? [`    and ${more} more: see --json`] : []),
    ...(verdict.verdict === "success" ? [] : fixLines(verdict)),
    `  decision  ${verdict.decision.text}`,
    `  next      ${verdict.decision.nextStep}`,
    ...wayLines(verdict.decision),
    ...(verdict.decision.manifest?.split("\n").map((line) => `            ${line}`) ?? []),
  ].map(printable);
}

/** Each way out with what it costs; at the end those that the operator has put into the settings, which nobody has judged. */
function wayLines({ ways = [], waysOut = [] }: Decision): string[] {
  return [
    ...ways.flatMap(({ text, mind, costs, hazards, proof }) => [
      `            - ${text}`,
      ...(mind === undefined ? [] : [`              ${mind}`]),
      `              costs: ${costs}`,
      ...(hazards === undefined ? [] : [`              hazards: ${hazards}`]),
      ...(proof === undefined ? [] : [`              not shown yet; to be shown by ${proof}`]),
    ]),
    ...waysOut.slice(ways.length).map((own) => `            - ${own} (from your settings)`),
  ];
}

/** What is worth knowing beside the answer, with its first proof and what to do about it. */
const noteLines = ({ notes = [] }: Verdict): string[] =>
  notes.flatMap(({ id, explanation, fix, evidence }) => [
    `  note      ${explanation} (${id})`,
    ...evidence.slice(0, 1).map(({ source, text }) => `            ${source}: ${shortIds(text)}`),
    `            ${fix}`,
  ]);

/** What became of the recipe on trial: the finding, and a line a fault. */
function recipeLines({ recipe }: NodeVerdict): string[] {
  if (!recipe) return [];
  const mark = recipe.holds === undefined ? MARKS.inconclusive : recipe.holds ? MARKS.success : MARKS.failure;
  return [`  recipe    ${mark} ${recipe.finding}`, ...recipe.outcomes.map((one) => `            ${outcomeLine(one)}`)];
}

/** Each scenario's finding, and the cause by its name where there is one. */
function scenarioLines({ scenarios = {} }: NodeVerdict): string[] {
  const entries = Object.entries(scenarios);
  if (entries.length === 0) return [];
  return [
    "  scenarios",
    ...entries.flatMap(([id, found]) => [
      `    ${found.asExpected ? MARKS.success : MARKS.inconclusive} ${id}: ${found.finding}`,
      ...(found.cause === "success" ? timingLines(found).map((line) => `    ${line}`) : [`        (${found.cause})`]),
    ]),
  ];
}

function timingLines({ timings, samePod }: Verdict): string[] {
  const mounted = timings.mountMs === undefined ? [] : [`  mounted in ${timings.mountMs} ms`];
  return [
    ...mounted,
    ...(timings.producerEnded === undefined
      ? []
      : [`  the producer's container ended (${timings.producerEnded}) and was started again`]),
    ...Object.entries(timings.readers).flatMap(([reader, seen]) => readerLines(reader, seen)),
    ...timings.replacements.flatMap(replacementLines),
    ...(samePod ? samePodLines(samePod) : []),
  ];
}

function replacementLines({ way, left, failed, readers }: Replacement): string[] {
  const before =
    left === 0 ? "it left no mount" : `it left ${left} ${left === 1 ? "mount" : "mounts"} at the mount point`;
  const lines = [
    `  producer's pod ${REPLACEMENT_WAYS[way].words}: ${failed === undefined ? before : `the next one failed: ${failed}`}`,
  ];
  return [...lines, ...outageLines(readers)];
}

function samePodLines({ revivals, deletions }: SamePod): string[] {
  return [
    ...revivals.flatMap(({ after, readers }) => [`  ${ENDS[after]}`, ...outageLines(readers)]),
    ...deletions.map(({ way, gone, waitedMs, forced, sentinel = "not looked at" }) => {
      const went = forced
        ? `still there after ${waitedMs} ms, and when its mounts were taken away; deleted by force`
        : gone
          ? `gone after ${waitedMs} ms`
          : `still there after ${waitedMs} ms, and gone when its mounts were taken away`;
      return `  pod ${SAME_POD_WORDS[way]}: ${went}; the daemon's files: ${sentinel}`;
    }),
  ];
}

const ENDS = { crash: "the sidecar crashed", oom: "the sidecar ran out of memory" } as const;

function outageLines(readers: Replacement["readers"]): string[] {
  const lines: string[] = [];
  for (const [reader, { errno, outageMs, backMs, notBack, unclear, restarted, mountsAdded }] of Object.entries(
    readers,
  )) {
    const parts = [
      ...(outageMs === undefined ? [] : [`${errno} for ${outageMs} ms`]),
      ...(backMs === undefined
        ? []
        : [`back ${backMs} ms after the new mount, ${restarted ? "restarted" : "without a restart"}`]),
      ...(notBack ? [`not back${errno === undefined ? "" : `: ${errno}`}`] : []),
      ...(unclear ? ["not known: nobody served the new mount any more"] : []),
      ...(mountsAdded ? [`${mountsAdded} more mounts in its mount table`] : []),
    ];
    if (parts.length > 0) lines.push(`    ${reader} reader: ${parts.join("; ")}`);
  }
  return lines;
}

function readerLines(
  reader: string,
  { seenMs, stale, recoveredMs, restarted, mounts, heldFile }: ReaderTimeline,
): string[] {
  if (seenMs === undefined) return [];
  const parts = [
    `saw it ${seenMs} ms after the mount`,
    ...(stale
      ? [
          `${stale.errno} ${stale.afterMs} ms after the daemon's death${stale.lastedMs === undefined ? "" : `, for ${stale.lastedMs} ms`}`,
        ]
      : []),
    ...(recoveredMs === undefined
      ? []
      : [`back ${recoveredMs} ms after the second mount, ${restarted ? "restarted" : "without a restart"}`]),
    ...(mounts && mounts.before !== mounts.after
      ? [`${mounts.before} mounts in its mount table before, ${mounts.after} after`]
      : []),
    ...(heldFile ? [`a file kept open over the crash is ${heldFile}`] : []),
  ];
  return [`  ${reader} reader: ${parts.join("; ")}`];
}
