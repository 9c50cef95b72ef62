/** What runs, and what is left. */
import { isAlive } from "../base/identity.ts";
import { MARKS } from "../base/marks.ts";
import { openApi, recordedAccess } from "./cluster/api.ts";
import { healthProblem } from "./cluster/health.ts";
import { processesOf, readRecord } from "./cluster/record.ts";
import { isBusy } from "./lock.ts";
import { machineResidue, nodeResidue } from "./residue.ts";

export interface Status {
  readonly running: boolean;
  /** Another process is starting or stopping it at this moment. */
  readonly busy: boolean;
  /** What is wrong with the running one. */
  readonly problem?: string;
  readonly nodes: readonly { readonly name: string; readonly ready: boolean; readonly message: string }[];
  readonly processes: readonly { readonly name: string; readonly pid: number; readonly alive: boolean }[];
  /** Running: on the nodes. Not running: on this machine. */
  readonly residue: readonly string[];
}

/** Asks the processes, the API server and the nodes. A sandbox with a problem is examined for 15 s before it is called so. */
export async function status(): Promise<Status> {
  const record = readRecord();
  if (!record?.boxes.some(({ init }) => isAlive(init))) {
    const busy = isBusy();
    // What another command has made so far, or has yet to remove, is not left over.
    return { running: false, busy, nodes: [], processes: [], residue: busy ? [] : machineResidue() };
  }
  const access = recordedAccess();
  const [problem, nodes] = await Promise.all([healthProblem(record), access ? openApi(access).nodes() : []]);
  return {
    running: true,
    busy: isBusy(),
    ...(problem && { problem }),
    nodes: nodes.map(({ name, ready, message }) => ({ name, ready, message })),
    processes: processesOf(record).map(({ name, process }) => ({ name, pid: process.pid, alive: isAlive(process) })),
    residue: record.boxes.filter(({ name }) => record.sandbox.nodes.includes(name)).flatMap(nodeResidue),
  };
}

/** The status for people: one line a node, a process and a thing that is left behind. */
export function linesOf({ running, busy, problem, nodes, processes, residue }: Status): string[] {
  const mark = (good: boolean) => (good ? MARKS.success : MARKS.failure);
  const state = running
    ? `running${problem ? `, but ${problem}` : ""}`
    : busy
      ? "being started or stopped"
      : "not running";
  return [
    state,
    ...nodes.map(({ name, ready, message }) => `${mark(ready)} node ${name}${ready ? "" : `: ${message}`}`),
    ...processes.map(({ name, pid, alive }) => `${mark(alive)} ${name} (process ${pid})`),
    ...residue.map((line) => `${MARKS.inconclusive} left: ${line}`),
  ];
}
