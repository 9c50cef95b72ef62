/** Watches one run of the test in a cluster and keeps the evidence of each node up to date. */

import { setTimeout as sleep } from "node:timers/promises";
import type { CoreV1Event, KubeConfig, V1Node, V1Pod } from "@kubernetes/client-node";
import { CoreV1Api } from "@kubernetes/client-node";
import { type Evidence, nodeFact, type PodFact, type ProbeRecord, parseRecord, podFact } from "../core/evidence.ts";
import { LABELS, nodeLabel, PROJECT } from "../core/manifests/names.ts";
import type { Settings } from "../core/settings.ts";
import { follow, followLog } from "./cluster.ts";

/** How long to wait before a log that is not served yet is asked for again, in milliseconds. */
const LOG_RETRY_MS = 100;

type Draft = { -readonly [Key in keyof Evidence]: Evidence[Key] } & { logs: Map<string, ProbeRecord[]> };

export interface Gathering {
  /** The evidence of a node as it stands now. */
  evidence(node: string): Evidence;
  /** Adds the API's refusal of an object of the test. */
  refused(node: string, words: string): void;
  /** No more is to be expected. */
  finish(): void;
}

/**
 * Begins to watch; `onChange` is called with the node whose evidence has changed.
 *
 * @param run only pods of this run; undefined: whatever runs in the namespace
 * @param onProblem a connection that broke; it is tried again until the signal
 */
export function gather(
  config: KubeConfig,
  settings: Settings,
  run: string | undefined,
  signal: AbortSignal,
  onChange: (node: string) => void,
  onProblem: (error: unknown) => void,
): Gathering {
  const drafts = new Map(settings.nodes.map((node) => [node, draft(settings, node)]));
  const followed = new Set<string>();
  const at = (node: string): Draft => drafts.get(node) ?? draft(settings, node);

  followPods();
  followEvents();
  for (const node of settings.nodes) readNode(node);

  return {
    evidence: (node) => {
      const { logs, ...rest } = at(node);
      return { ...rest, records: [...logs.values()].flat() };
    },
    refused: (node, words) => {
      const of = at(node);
      if (!of.refusals.includes(words)) of.refusals = [...of.refusals, words];
      onChange(node);
    },
    finish: () => {
      for (const of of drafts.values()) of.final = true;
    },
  };

  function followPods() {
    const path = `/api/v1/namespaces/${settings.namespace}/pods`;
    const query = { labelSelector: `${LABELS.name}=${PROJECT}${run ? `,${LABELS.run}=${run}` : ""}` };
    follow<V1Pod>(config, path, query, signal, onPod, onProblem);
  }

  function onPod(type: string, pod: V1Pod) {
    const node = nodeOf(pod);
    const of = node === undefined ? undefined : drafts.get(node);
    if (!node || !of) return;
    const fact = podFact(pod);
    const others = of.pods.filter(({ name }) => name !== fact.name);
    of.pods = type === "DELETED" ? others : [...others, fact];
    for (const container of fact.containers) if (hasLog(container)) followContainer(node, pod, container.name);
    onChange(node);
  }

  /** The node a pod is meant to test, which need not be the one it runs on: people change pods. */
  function nodeOf(pod: V1Pod): string | undefined {
    const meant = settings.nodes.find((node) => nodeLabel(node) === pod.metadata?.labels?.[LABELS.node]);
    if (meant !== undefined) return meant;
    const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
    return pod.spec?.nodeName ?? terms?.[0]?.matchFields?.[0]?.values?.[0];
  }

  function followContainer(node: string, pod: V1Pod, container: string) {
    const name = pod.metadata?.name ?? "";
    const key = `${pod.metadata?.uid} ${name} ${container}`;
    if (followed.has(key)) return;
    followed.add(key);
    const where = { namespace: settings.namespace, pod: name, container };
    void (async () => {
      while (!signal.aborted) {
        const records: ProbeRecord[] = [];
        let whole = true;
        try {
          await followLog(config, where, signal, (line) => {
            const record = parseRecord(line);
            if (!record) return;
            records.push(record);
            at(node).logs.set(key, records);
            onChange(node);
          });
        } catch (error) {
          whole = false;
          onProblem(error);
        }
        // A log that ends while its container runs was a broken connection: read it again, from its beginning. One that
        // was not served at all is asked for again, for as long as there is such a pod.
        const state = at(node)
          .pods.find((fact) => fact.name === name)
          ?.containers.find((one) => one.name === container);
        if (state === undefined || (whole && state.state !== "running")) return;
        await sleep(LOG_RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    })();
  }

  function followEvents() {
    const path = `/api/v1/namespaces/${settings.namespace}/events`;
    follow<CoreV1Event>(config, path, { fieldSelector: "type=Warning" }, signal, onEvent, onProblem);
  }

  function onEvent(type: string, event: CoreV1Event) {
    if (type === "DELETED") return;
    for (const [node, of] of drafts) {
      // What a controller says of pods it may not make belongs to no pod, and to every node.
      const ofPod = event.involvedObject.kind === "Pod";
      if (ofPod && !of.pods.some(({ name }) => name === event.involvedObject.name)) continue;
      const { reason = "", message = "" } = event;
      const object = `${event.involvedObject.kind?.toLowerCase()}/${event.involvedObject.name}`;
      if (of.events.some((known) => known.message === message && known.object === object)) continue;
      of.events = [...of.events, { object, reason, message }];
      onChange(node);
    }
  }

  function readNode(node: string) {
    const query = { fieldSelector: `metadata.name=${node}` };
    const api = config.makeApiClient(CoreV1Api);
    api.listNode(query).then(
      ({ items }) => {
        at(node).nodeFact = nodeFact(items[0] as V1Node | undefined);
        onChange(node);
      },
      (error) => {
        // A user who may not read nodes still gets the scheduler's own words.
        at(node).nodeFact = "unreadable";
        onProblem(error);
        onChange(node);
      },
    );
  }
}

function draft(settings: Settings, node: string): Draft {
  return { node, run: settings.run, records: [], pods: [], events: [], refusals: [], final: false, logs: new Map() };
}

const hasLog = ({ state }: PodFact["containers"][number]): boolean => state !== "waiting";
