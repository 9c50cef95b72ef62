/** Sweeps one node through short-lived pods. */
import { CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import { MARKS } from "../base/marks.ts";
import { UserError } from "../base/problem.ts";
import { until } from "../base/stop.ts";
import { slowness } from "../core/contract/times.ts";
import { nodeFact, podFact } from "../core/evidence/facts.ts";
import { apiPod } from "../core/manifests/api.ts";
import { sweepPod } from "../core/manifests/sweep.ts";
import type { Settings } from "../core/settings/settings.ts";
import { except, reasonOf } from "./connect.ts";
import { isStuck } from "./pods.ts";

/** Something of ours that is still on a node, or that could not be looked at. */
export interface Residue {
  readonly node: string;
  readonly what: string;
}

const POLL_MS = 100;
/** A pod that has not ended, or has not gone, within this time will not: no image, no node. */
const PATIENCE_MS = 45_000;
/** One that the scheduler refuses may be placed in a moment, or never: no pod of the test was, either. */
const PLACING_MS = 5_000;
/** A kubelet that has a new pod in hand within this time has looked at its node long before a namespace goes. */
const PROMPT_MS = 500;

/** What a sweep of one node needs besides its settings. */
export interface SweepOptions {
  /** The text of probe/sweep.sh. */
  readonly script: string;
  /** When the test's namespace was made; undefined where that is not known. */
  readonly since: Date | undefined;
  readonly print: (line: string) => void;
  /** Called where the kubelet was prompt to take the pod that looks. */
  readonly onPrompt: () => void;
  /** Whether the namespace is going: it takes no more pods, and may take those that are there away. */
  readonly going: () => boolean;
}

/**
 * Takes what is the test's own and can be taken without losing anything, and returns what is left.
 *
 * @returns undefined where the namespace went before the node was looked at, or swept
 */
export async function sweepNode(
  config: KubeConfig,
  settings: Settings,
  node: string,
  { script, since, print, onPrompt, going }: SweepOptions,
): Promise<Residue[] | undefined> {
  const api = config.makeApiClient(CoreV1Api);
  const left = (what: string): Residue => ({ node, what });
  const known = await api.listNode({ fieldSelector: `metadata.name=${node}` }).catch(() => undefined);
  // No pod ever ran on a node that does not exist, so nothing can be left on it.
  if (known && !nodeFact(known.items[0]).exists) return [];
  const seconds = since && Math.floor(since.getTime() / 1000);
  const run = (task: "check" | "unmount", onTaken?: () => void) =>
    runPod(api, settings, sweepPod(settings, node, task, script, seconds), onTaken);
  try {
    const asked = performance.now();
    let lines = await run("check", () => performance.now() - asked < PROMPT_MS && onPrompt());
    if (lines.some((line) => line.startsWith("mount "))) {
      if (going()) return undefined;
      for (const line of lines) print(`${MARKS.inconclusive} ${node}  found ${line}`);
      const unmounted = await run("unmount");
      for (const line of unmounted)
        print(`${line.startsWith("unmounted") ? MARKS.success : MARKS.failure} ${node}  ${line}`);
      lines = await run("check");
    }
    for (const line of lines)
      if (/^directory (removed|kept|stays)/.test(line)) print(`${MARKS.note} ${node}  bridge ${line}`);
    return lines.filter((line) => !/^directory (absent|removed|stays)/.test(line)).map((line) => left(line));
  } catch (error) {
    if (going()) return undefined;
    return [left(`unknown, the node could not be looked at: ${reasonOf(error)}`)];
  }
}

/**
 * Takes the test's mounts away on a node while pods are still to go: what is mounted in a volume keeps the kubelet from removing it.
 * What cannot be done here the sweep tells afterwards.
 */
export async function freeNode(
  config: KubeConfig,
  settings: Settings,
  node: string,
  script: string,
  print: (line: string) => void,
): Promise<void> {
  const api = config.makeApiClient(CoreV1Api);
  const lines = await runPod(api, settings, sweepPod(settings, node, "unmount", script)).catch(() => []);
  for (const line of lines) print(`${MARKS.inconclusive} ${node}  a pod does not go: ${line}`);
}

/**
 * Runs a pod to its end, returns the lines it printed, and deletes it in any case.
 *
 * @param onTaken called, maybe more than once, when its kubelet has it in hand
 */
export async function runPod(
  api: CoreV1Api,
  settings: Pick<Settings, "namespace" | "probeSeconds">,
  pod: ReturnType<typeof sweepPod>,
  onTaken: () => void = () => undefined,
): Promise<string[]> {
  const { namespace } = settings;
  const { name } = pod.metadata;
  const patient = PATIENCE_MS * slowness(settings);
  await deletePod(api, namespace, name, patient);
  try {
    await api.createNamespacedPod({ namespace, body: apiPod(pod) });
    const begun = performance.now();
    let words = "";
    const late = () => new Error(`${name} is ${words}`);
    const hasEnded = async () => {
      const seen = await api.readNamespacedPod({ namespace, name });
      const fact = podFact(seen);
      if (seen.status?.startTime) onTaken();
      // The kubelet tells a pod's last phase only at its next round, a second after it has reported that the container ended.
      if (fact.phase === "Succeeded" || fact.containers.some(({ exitCode }) => exitCode === 0)) return true;
      const stuck = fact.containers.find(({ reason }) => isStuck(reason));
      words = `${fact.phase}: ${fact.unschedulable ?? (stuck ? `${stuck.reason}: ${stuck.message}` : "")}`;
      const unplaced = fact.unschedulable && performance.now() - begun > PLACING_MS;
      if (fact.phase === "Failed" || stuck || unplaced) throw late();
      return false;
    };
    await until(hasEnded, { every: POLL_MS, within: patient, late });
    const log = await api.readNamespacedPodLog({ namespace, name });
    return log.split("\n").filter(Boolean);
  } finally {
    await deletePod(api, namespace, name, patient);
  }
}

/**
 * Deletes a pod and waits until it is gone.
 *
 * @param within milliseconds
 * @throws UserError where it stays longer, as for a finalizer or a node that does not answer
 */
export async function deletePod(api: CoreV1Api, namespace: string, name: string, within = PATIENCE_MS): Promise<void> {
  const there = await api
    .deleteNamespacedPod({ namespace, name, gracePeriodSeconds: 0 })
    .then(() => true)
    .catch(except([404], false));
  if (!there) return;
  const gone = () => api.readNamespacedPod({ namespace, name }).then(() => undefined, except([404], true));
  const remedy = `look at what keeps it: kubectl describe pod ${name} -n ${namespace}`;
  await until(gone, {
    every: POLL_MS,
    within,
    late: () => new UserError(`waited ${within / 1000} s for the pod ${name} to go`, { remedy }),
  });
}
