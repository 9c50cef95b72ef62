/** Deletes a pod whose daemon is a sidecar: a mount that is left in its volume may keep it for ever. */
import { CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import { MARKS } from "../base/marks.ts";
import { LABELS, nodeLabel, PROJECT } from "../core/contract/names.ts";
import { replaces } from "../core/contract/replacement.ts";
import type { SamePodWay } from "../core/contract/samePod.ts";
import { PAIR_SCENARIOS, type ScenarioId } from "../core/contract/scenarios.ts";
import type { Deletion } from "../core/evidence/evidence.ts";
import { sweepPod } from "../core/manifests/sweep.ts";
import type { Pair } from "../core/plan/plan.ts";
import type { Settings } from "../core/settings/settings.ts";
import { probeScripts } from "../probe/scripts.ts";
import { connect, except, reasonOf } from "./connect.ts";
import { podGone } from "./pods.ts";
import { again, failing } from "./replacePod.ts";
import { deletePod, runPod } from "./sweepNode.ts";

/** How long is waited for a pod to go, in milliseconds. */
export const PATIENCE = {
  /** The grace period of five seconds included; then it is reported as stuck. */
  gone: 12_000,
  /** The kubelet tries to remove a volume again and again, at longer and longer intervals. */
  freed: 45_000,
} as const;

/** What became of a pod that was deleted. */
type Ending = Omit<Deletion, "way">;

/**
 * Deletes the pod, takes away what keeps it, and makes it again.
 *
 * @param onLeaving takes the uid of the pod, before it is deleted
 * @throws NotReplacedError
 */
export async function replaceSamePod(
  config: KubeConfig,
  settings: Settings,
  pair: Pick<Pair, "node" | "scenario" | "names">,
  way: SamePodWay,
  onLeaving: (uid: string) => void,
  onEnded: (deletion: Deletion) => void,
  patience: Readonly<Record<keyof typeof PATIENCE, number>> = PATIENCE,
): Promise<void> {
  const api = config.makeApiClient(CoreV1Api);
  const { namespace } = settings;
  const name = pair.names.producer;
  const pod = await api.readNamespacedPod({ namespace, name }).catch(failing("read"));
  const uid = pod.metadata?.uid ?? "";
  onLeaving(uid);
  onEnded({ way, ...(await endPod(config, settings, pair.node, name, uid, pair.scenario?.id, patience)) });
  // As it was: Flux would delete one that differs, and wait until there is none of its name.
  await api.createNamespacedPod({ namespace, body: again(pod, replaces(way, uid)) }).catch(failing("made again"));
}

/**
 * Deletes a pod in order. One that is not gone in time is freed: a pod of the sweep takes the mounts of its scenario away on the
 * node; and at last it is deleted by force, which leaves its directory to the kubelet.
 *
 * @throws NotReplacedError where the API server refuses
 */
async function endPod(
  config: KubeConfig,
  settings: Settings,
  node: string,
  name: string,
  uid: string,
  scenario: ScenarioId | undefined,
  patience: Readonly<Record<keyof typeof PATIENCE, number>> = PATIENCE,
): Promise<Ending> {
  const api = config.makeApiClient(CoreV1Api);
  const { namespace } = settings;
  const target = { namespace, name };
  const begun = performance.now();
  await api
    .deleteNamespacedPod({ ...target, body: { preconditions: { uid } } })
    .catch(except([404], undefined))
    .catch(failing("deleted"));
  const isGone = (within: number) => podGone(api, target, uid, within).catch(failing("read"));
  if (await isGone(patience.gone)) return { gone: true, waitedMs: Math.round(performance.now() - begun) };
  const { "sweep.sh": script = "" } = probeScripts();
  const taken = await inTurn(node, () =>
    runPod(api, settings, sweepPod(settings, node, "unmount", script, undefined, scenario)),
  ).catch((error: unknown) => [`nothing could be taken away: ${reasonOf(error)}`]);
  const waitedMs = Math.round(performance.now() - begun);
  if (await isGone(patience.freed)) return { gone: false, waitedMs, taken };
  await deletePod(api, namespace, name);
  return { gone: false, waitedMs, taken, forced: true };
}

/** By node: its sweep's pod has one name. */
const busy = new Map<string, Promise<unknown>>();
function inTurn<T>(node: string, work: () => Promise<T>): Promise<T> {
  const mine = (busy.get(node) ?? Promise.resolve()).then(work, work);
  busy.set(node, mine);
  return mine;
}

/** Deletes the pods of a run whose daemon is a sidecar, as far as they are there, and frees those that do not go. */
export async function releasePods(settings: Settings, print: (line: string) => void): Promise<void> {
  const config = connect(settings);
  const scenarios = PAIR_SCENARIOS.filter(({ pair }) => pair.samePod).map(({ id }) => id);
  const labelSelector = [
    `${LABELS.name}=${PROJECT}`,
    `${LABELS.run}=${settings.run}`,
    `${LABELS.scenario} in (${scenarios.join(",")})`,
  ].join(",");
  const { namespace, nodes } = settings;
  const { items } = await config.makeApiClient(CoreV1Api).listNamespacedPod({ namespace, labelSelector });
  const all = items.map(async ({ metadata: { name = "", uid = "", labels = {} } = {} }) => {
    const node = nodes.find((one) => nodeLabel(one) === labels[LABELS.node]);
    const scenario = scenarios.find((id) => id === labels[LABELS.scenario]);
    if (node === undefined) return;
    const ending = await endPod(config, settings, node, name, uid, scenario);
    for (const line of endingLines(ending)) print(`${MARKS.inconclusive} ${node} ${scenario}  ${line}`);
  });
  for (const one of await Promise.allSettled(all))
    if (one.status === "rejected") print(`${MARKS.inconclusive} ${reasonOf(one.reason)}`);
}

/** What is worth saying of it: nothing of a pod that went. */
export function endingLines({ gone, waitedMs, taken = [], forced }: Ending): string[] {
  if (gone) return [];
  return [
    `the deleted pod was still there after ${Math.round(waitedMs / 1000)} s: ${taken.join("; ") || "nothing was found that keeps it"}`,
    ...(forced ? ["it did not go even then, and was deleted by force: its directory is left to the kubelet"] : []),
  ];
}
