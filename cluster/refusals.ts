/** Asks the API server why a pod of the test is not there, in its own words. */

import { setTimeout as sleep } from "node:timers/promises";
import { ApiException, CoreV1Api, type KubeConfig, type V1Pod } from "@kubernetes/client-node";
import { LABELS, nodeLabel } from "../core/contract/names.ts";
import { apiPod } from "../core/manifests/api.ts";
import { bundle } from "../core/manifests/index.ts";
import type { Settings } from "../core/settings/settings.ts";
import { probeScripts } from "../probe/scripts.ts";
import { wordsOf } from "./connect.ts";

/** A pod that the API accepted is there long before; a user's own tool may still be at work, though. */
const PATIENCE_MS = 5_000;

/**
 * A pod that was refused leaves no trace in the cluster. So, while one is missing, the same pod is offered again as a dry
 * run, which creates nothing and gets the same answer.
 *
 * @param own the pods as the user applied them, where they are not the ones these settings make
 */
export async function refusals(
  config: KubeConfig,
  settings: Settings,
  own: readonly V1Pod[],
  signal: AbortSignal,
  onRefused: (node: string, words: string) => void,
): Promise<void> {
  const api = config.makeApiClient(CoreV1Api);
  const offered = own.length > 0 ? own.map((pod) => ({ pod, nodes: nodesOf(settings, pod) })) : made(settings);
  while (!signal.aborted) {
    await sleep(PATIENCE_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    for (const { pod, nodes } of offered) {
      const words = await refusal(api, settings.namespace, pod);
      if (words) for (const node of nodes) onRefused(node, words);
    }
  }
}

interface Offer {
  readonly pod: V1Pod;
  readonly nodes: readonly string[];
}

function made(settings: Settings): Offer[] {
  const { pods, samePods } = bundle(settings, probeScripts());
  return [
    ...pods.flatMap(({ node, producer, consumer }) => [producer, consumer].map((pod) => ({ pod, node }))),
    ...samePods,
  ].map(({ pod, node }) => ({ pod: apiPod(pod), nodes: [node] }));
}

/** The node a pod says it tests; a pod that says nothing concerns them all. */
function nodesOf(settings: Settings, pod: V1Pod): readonly string[] {
  const node = settings.nodes.find((name) => nodeLabel(name) === pod.metadata?.labels?.[LABELS.node]);
  return node === undefined ? settings.nodes : [node];
}

async function refusal(api: CoreV1Api, namespace: string, body: V1Pod): Promise<string | undefined> {
  try {
    await api.createNamespacedPod({ namespace, body, dryRun: "All" });
    return undefined;
  } catch (error) {
    // 409: it is there; 404: the namespace is not there yet; the others: a busy server, or a proxy before it.
    if (!(error instanceof ApiException) || [404, 409, 429, 502, 503, 504].includes(error.code)) return undefined;
    return wordsOf(error.body) || error.message;
  }
}
