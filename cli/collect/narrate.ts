/** Tells what happens in a run as it happens, one line a step, for a person at a terminal. */

import { ID, shortIds } from "../base/printable.ts";
import type { Evidence } from "../core/evidence/evidence.ts";

/** Where a line goes, and the time it is measured from. */
export interface Narrator {
  /** Prints the steps of this node's evidence that were not printed yet. */
  tell(evidence: Evidence): void;
}

export function narrator(print: (line: string) => void): Narrator {
  const told = new Set<string>();
  const begun = performance.now();
  const once = (node: string, mark: string, text: string, fact: string) => {
    const key = `${node} ${fact}`;
    if (told.has(key)) return;
    told.add(key);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    print(`${mark} ${node}  ${text}  ${seconds} s`);
  };
  return {
    tell: (evidence) => {
      const who = [evidence.node, evidence.scenario].filter(Boolean).join(" ");
      for (const [mark, text, fact = text] of steps(evidence)) once(who, mark, text, fact);
    },
  };
}

const FAULTS: Readonly<Record<string, string>> = {
  crash: "killed the FUSE daemon (SIGKILL)",
  hang: "stopped the FUSE daemon (SIGSTOP)",
  die: "dies, with the FUSE daemon",
};

/** @yields what is told, and the fact that it tells where others tell the same in other words */
function* steps(evidence: Evidence): Generator<readonly [mark: string, text: string, fact?: string]> {
  for (const pod of evidence.pods) {
    if (pod.unschedulable) yield ["‼", `${pod.name} is not placed: ${pod.unschedulable}`];
    for (const { name, reason, message } of pod.containers) {
      if (reason === "" || message === "") continue;
      // A kubelet's message carries the id of each attempt, and what is wrong with one container is mostly wrong with the next.
      const words = `${reason}: ${message}`;
      yield ["‼", `${name}: ${shortIds(words)}`, words.replace(ID, "")];
    }
    if (pod.phase === "Running") yield ["·", `${pod.name} runs`];
  }
  for (const words of evidence.refusals) yield ["×", `the API server refuses: ${words}`];
  for (const record of evidence.records) {
    const { role, step, result, errno, detail } = record;
    const failed =
      result === "error" ? ["×", `${role} ${step}: ${[errno, detail].filter(Boolean).join(": ")}`] : undefined;
    if (role === "producer" && step === "stale")
      yield failed ? ["×", failed[1] ?? ""] : ["‼", "producer took away a stale mount"];
    if (role === "producer" && step === "mount")
      yield failed
        ? ["×", failed[1] ?? ""]
        : ["√", `producer mounted ${record.fstype}, ${record.propagation} (mount ${record.mount})`];
    if (role === "producer" && step === "crash")
      yield ["·", `producer ${FAULTS[String(record.fault)] ?? FAULTS.crash}`];
    if (role === "producer" && step === "abort" && !failed) yield ["·", "producer aborted the FUSE connection"];
    if (step === "restart") yield ["·", `${role} ends, as a liveness probe would end it`];
    if (step === "read" && result === "error" && errno !== "ENOENT") yield ["·", `${role} sees a dead mount: ${errno}`];
    if (step === "read" && result === "ok")
      yield ["√", `${role} reads the marker ${record.nonce?.slice(0, 8)} on ${record.fstype}, ${record.propagation}`];
    if (step === "doubt") yield ["‼", `${role}: a marker is visible but does not count: ${record.kind}`];
    if (step === "verdict") yield result === "ok" ? ["√", `${role} decides: SUCCESS`] : ["×", `${role} decides: ERROR`];
  }
}
