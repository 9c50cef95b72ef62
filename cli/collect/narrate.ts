/** Says what happens in a run as it happens, one line a step, for a person at a terminal. */
import { MARKS } from "../../base/marks.ts";
import { ID, shortIds } from "../../base/printable.ts";
import { faultNamed } from "../../core/contract/faults.ts";
import { REPLACEMENT_WAYS, WAY_NAMES } from "../../core/contract/replacement.ts";
import { SAME_POD_WORDS } from "../../core/contract/samePod.ts";
import type { Evidence } from "../../core/evidence/evidence.ts";

const WAYS_IN_WORDS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(WAY_NAMES.map((way) => [way, REPLACEMENT_WAYS[way].words])),
  ...SAME_POD_WORDS,
};

/** @returns prints the steps of a pair's evidence that were not printed yet, with the time since now */
export function narrator(print: (line: string) => void): (evidence: Evidence) => void {
  const printed = new Set<string>();
  const begun = performance.now();
  const once = (pair: string, mark: string, text: string, fact: string) => {
    const key = `${pair} ${fact}`;
    if (printed.has(key)) return;
    printed.add(key);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    print(`${mark} ${pair}  ${text}  ${seconds} s`);
  };
  return (evidence) => {
    const pair = [evidence.node, evidence.scenario].filter(Boolean).join(" ");
    for (const [mark, text, fact = text] of steps(evidence)) once(pair, mark, text, fact);
  };
}

/** @yields what is printed, and the fact behind it where others put the same in other words */
function* steps(evidence: Evidence): Generator<readonly [mark: string, text: string, fact?: string]> {
  for (const pod of evidence.pods) {
    if (pod.unschedulable) yield [MARKS.inconclusive, `${pod.name} is not placed: ${pod.unschedulable}`];
    for (const { name, reason, message } of pod.containers) {
      if (reason === "" || message === "") continue;
      // A kubelet's message carries the id of each attempt, and what is wrong with one container is mostly wrong with the next.
      const words = `${reason}: ${message}`;
      yield [MARKS.inconclusive, `${name}: ${shortIds(words)}`, words.replace(ID, "")];
    }
    if (pod.phase === "Running") yield [MARKS.note, `${pod.name} runs`];
  }
  for (const words of evidence.refusals) yield [MARKS.failure, `the API server refuses: ${words}`];
  for (const record of evidence.records) {
    const { role, step, result, errno, detail } = record;
    const failed =
      result === "error"
        ? ([MARKS.failure, `${role} ${step}: ${[errno, detail].filter(Boolean).join(": ")}`] as const)
        : undefined;
    if (role === "producer" && step === "stale")
      yield failed ? [MARKS.failure, failed[1] ?? ""] : [MARKS.inconclusive, "producer took away a stale mount"];
    if (role === "producer" && step === "mount")
      yield failed
        ? [MARKS.failure, failed[1] ?? ""]
        : [MARKS.success, `producer mounted ${record.fstype}, ${record.propagation} (mount ${record.mount})`];
    if (step === "replaced")
      yield [
        MARKS.note,
        `a new producer takes the place of the one that was ${WAYS_IN_WORDS[record.way ?? ""] ?? REPLACEMENT_WAYS.deleted.words}`,
      ];
    if (role === "producer" && step === "crash") yield [MARKS.note, `producer ${faultNamed(record.fault ?? "").did}`];
    if (step === "sentinel" && result !== "info")
      yield failed ?? [MARKS.success, "the daemon's own files are there as before"];
    if (step === "window" && failed) yield failed;
    if (role === "producer" && step === "abort" && !failed) yield [MARKS.note, "producer aborted the FUSE connection"];
    if (step === "restart") yield [MARKS.note, `${role} ends, as a liveness probe would end it`];
    if (step === "read" && result === "error" && errno !== "ENOENT")
      yield [MARKS.note, `${role} sees a dead mount: ${errno}`];
    if (step === "read" && result === "ok" && record.nonce)
      yield [
        MARKS.success,
        `${role} reads the marker ${record.nonce?.slice(0, 8)} on ${record.fstype}, ${record.propagation}`,
      ];
    if (step === "doubt") yield [MARKS.inconclusive, `${role}: a marker is visible but does not count: ${record.kind}`];
    if (step === "verdict")
      yield result === "ok" ? [MARKS.success, `${role} decides: SUCCESS`] : [MARKS.failure, `${role} decides: ERROR`];
  }
}
