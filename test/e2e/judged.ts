/** A provoked deployment, applied and judged as `npm run collect` judges the pods of somebody else. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { V1Pod } from "@kubernetes/client-node";
import type { Note, Verdict } from "../../core/diagnosis/verdict.ts";
import { until } from "../until.ts";
import { deployment, type Provocation } from "./provoke.ts";
import { cli, kubectl, type Result, type SandboxDocument, succeeded } from "./sandbox.ts";

export interface Outcome {
  readonly verdict: Verdict;
  /** From the first object applied to the verdict. */
  readonly seconds: number;
}

/** What the verdict names: its cause, and what is worth knowing beside it. */
export const foundIn = ({ cause, evidence, explanation, fix, notes }: Verdict): readonly Note[] => [
  { id: cause, evidence, explanation, fix },
  ...(notes ?? []),
];

/**
 * @param folder for files of its own
 * @param options of `collect`
 */
export async function judged(
  cluster: SandboxDocument,
  folder: string,
  provocation: Provocation,
  id: string,
  options: readonly string[] = [],
): Promise<Outcome> {
  const { settings, first, producer, consumer } = deployment(cluster, provocation, id);
  const from = performance.now();
  succeeded(await apply(cluster, first));
  const pods = join(folder, `${id}.json`);
  writeFileSync(pods, JSON.stringify({ kind: "List", items: [producer, consumer] }));
  const input = JSON.stringify({ ...settings, kubeconfig: cluster.kubeconfig, context: cluster.context });
  const collecting = cli("collect", ["--stdin", "--pods", pods, ...options], { input });
  // A pod that is refused is what some of them are about.
  const { consumerAfter } = provocation;
  await apply(cluster, consumerAfter === undefined ? [producer, consumer] : [producer]);
  if (consumerAfter !== undefined) {
    await mounted(cluster, producer);
    await sleep(consumerAfter * 1000);
    await apply(cluster, [consumer]);
  }
  const { stdout, stderr } = await collecting;
  const seconds = (performance.now() - from) / 1000;
  const [verdict] = Object.values((JSON.parse(stdout || "{}") as { nodes?: Record<string, Verdict> }).nodes ?? {});
  if (!verdict) throw new Error(`no verdict: ${stderr}`);
  return { verdict, seconds };
}

/** Waits for the producer to log its mount, which a busy node takes its time for. */
async function mounted(cluster: SandboxDocument, { metadata }: V1Pod): Promise<void> {
  const log = ["logs", "-n", `${metadata?.namespace}`, `${metadata?.name}`, "--all-containers"];
  await until(
    () => kubectl(cluster, log),
    ({ stdout }) => /"step":"mount","result":"ok"/.test(stdout),
    { everyMs: 300 },
  );
}

function apply(cluster: SandboxDocument, items: readonly object[]): Promise<Result> {
  return kubectl(cluster, ["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
}
