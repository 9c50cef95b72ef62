/** Judges that are wrong on purpose, each in one way: laws that let one of them pass would prove nothing. */

import type { AnyRole } from "../../core/contract/readers.ts";
import type { ProbeRecord, Step } from "../../core/contract/records.ts";
import type { Verdict } from "../../core/diagnosis/verdict.ts";
import type { Evidence } from "../../core/evidence/evidence.ts";
import { altered } from "../core/evidence/evidence.ts";
import { collect } from "./collector.ts";
import { history } from "./kubelet.ts";
import { type Judge, type Violation, violations } from "./laws.ts";
import type { Plan } from "./plan.ts";

const READERS: readonly AnyRole[] = ["default", "hardened"];

/** Judges evidence that was made kinder than it is. */
const kinder =
  (change: (records: readonly ProbeRecord[], evidence: Evidence) => readonly ProbeRecord[]) =>
  ({ judge, settled }: Judge): Judge => ({
    judge: (evidence) => judge({ ...evidence, records: change(evidence.records, evidence) }),
    settled,
  });

const each = (change: (record: ProbeRecord, all: readonly ProbeRecord[]) => ProbeRecord) =>
  kinder((records) => records.map((record) => change(record, records)));

const by = (records: readonly ProbeRecord[], role: AnyRole, step: Step): ProbeRecord | undefined =>
  records.find((record) => record.role === role && record.step === step);

const guessed = (verdict: Verdict | undefined): Verdict | undefined =>
  verdict?.cause === "unknown" ? { ...verdict, cause: "runtime-drops-propagation" } : verdict;

export const BREAKS: Readonly<Record<string, (right: Judge) => Judge>> = {
  "takes a control anywhere for one on the bridge": each((record, all) => {
    const mountinfo = by(all, "default", "start")?.mountinfo;
    return record.role === "control" && mountinfo ? altered(record, { mountinfo }) : record;
  }),
  "does not ask who the hardened reader is": each((record) =>
    record.role === "hardened" && record.step === "identity"
      ? { ...record, uid: "65534", capabilities: "0000000000000000" }
      : record,
  ),
  "takes one reader's word for both": kinder((records) => [
    ...records.filter(({ role, step }) => role !== "hardened" || step === "identity"),
    ...records
      .filter(({ role, step }) => role === "default" && step !== "identity")
      .map((record) => altered(record, { role: "hardened" })),
  ]),
  "takes a daemon that died by itself for the crash": kinder((records) =>
    records.map((record) =>
      record.role === "producer" && record.step === "daemon" && record.result === "error"
        ? altered(record, { step: "crash", result: "ok", fault: "crash", errno: "ENOTCONN", at: String(record.uptime) })
        : record,
    ),
  ),
  "takes a reader that says nothing for one that is not back": kinder((records) => {
    const marker = records.filter(({ role, step }) => role === "producer" && step === "marker")[1];
    if (!marker) return records;
    const silent = READERS.filter((role) => !records.some((one) => one.role === role && one.uptime > marker.uptime));
    const more = silent.flatMap((role) =>
      [0.1, 20].map((later): ProbeRecord => {
        const uptime = marker.uptime + later;
        const look = { role, step: "look", result: "error", errno: "ENOENT", uptime, looked: String(uptime) };
        return altered(marker, look);
      }),
    );
    return [...records, ...more];
  }),
  "does not notice that a reader was restarted": kinder((records) =>
    records.filter((one) => !(READERS.includes(one.role) && one.step === "start" && one.life !== "1")),
  ),
  "does not ask what becomes of readers when the pod is replaced": ({ judge, settled }) => ({
    judge: ({ replacing: _, ...evidence }) => judge(evidence),
    settled: (verdict) => settled(verdict),
  }),
  "takes the kubelet's words of an earlier attempt for today's": ({ judge, settled }) => ({
    judge: (evidence) =>
      evidence.events.some(({ message }) => message.includes("is not a shared"))
        ? judge({ ...evidence, records: [], pods: [], final: true })
        : judge(evidence),
    settled,
  }),
  "believes records of any run and node": ({ judge, settled }) => ({
    judge: (evidence) => {
      const { run, node } = evidence;
      return judge({ ...evidence, records: evidence.records.map((record) => ({ ...record, run, node })) });
    },
    settled,
  }),
  "reads what came first, and no more": kinder((records) => records.slice(0, 35)),
  "answers before it can know": ({ judge }) => ({
    judge: (evidence) => judge({ ...evidence, final: true }),
    settled: () => true,
  }),
  "guesses where it does not know": ({ judge, settled }) => ({
    judge: (evidence) => guessed(judge(evidence)),
    settled,
  }),
};

export interface Found {
  readonly histories: number;
  readonly law: string;
}

/**
 * By what a judge does wrong: how many histories it takes until it breaks a law that the right one keeps. Each history is run once
 * for all of them; what none shows is not in the answer.
 *
 * @param kept is called with what the right judge breaks of each history
 */
export function breaksFound(
  right: Judge,
  all: Iterable<Plan>,
  kept: (plan: Plan, broken: readonly Violation[]) => void = () => {},
  breaks: typeof BREAKS = BREAKS,
): Map<string, Found> {
  const wrong = Object.entries(breaks).map(([what, broke]) => ({ what, by: broke(right) }));
  const found = new Map<string, Found>();
  let histories = 0;
  for (const plan of all) {
    histories++;
    const collected = collect(history(plan));
    const broken = violations(plan, right, collected);
    kept(plan, broken);
    if (broken.length > 0) continue;
    for (const { what, by } of wrong) {
      const [first] = found.has(what) ? [] : violations(plan, by, collected);
      if (first) found.set(what, { histories, law: first.law });
    }
  }
  return found;
}
