/** Watches one run of the test in a cluster and keeps the evidence of each node up to date. */

import { setTimeout as sleep } from "node:timers/promises";
import type { CoreV1Event, KubeConfig, V1Node, V1Pod } from "@kubernetes/client-node";
import { CoreV1Api } from "@kubernetes/client-node";
import { type Evidence, nodeFact, type PodFact, type ProbeRecord, parseRecord, podFact } from "../core/evidence.ts";
import { LABELS, nodeLabel, PROJECT } from "../core/manifests/names.ts";
import { pairsIn } from "../core/manifests/pair.ts";
import type { Settings } from "../core/settings.ts";
import { follow, followLog } from "./cluster.ts";

/** How long to wait before a log that is not served yet is asked for again, in milliseconds. */
const LOG_RETRY_MS = 100;

type Draft = { -readonly [Key in keyof Evidence]: Evidence[Key] } & { logs: Map<string, ProbeRecord[]> };

export interface Gathering {
  /** The evidence as it stands now of every pair: the base pair of each node, and those of its scenarios. */
  evidence(): Evidence[];
  /** Adds the API's refusal of an object of the test, to the base pair of its node. */
  refused(node: string, words: string): void;
  /** No more is to be expected. */
  finish(): void;
}

/**
 * Begins to watch; `onChange` is called with the evidence of a pair each time it has changed.
 *
 * @param run only pods of this run; undefined: whatever runs in the namespace
 * @param onProblem a connection that broke; it is tried again until the signal
 */
export function gather(
  config: KubeConfig,
  settings: Settings,
  run: string | undefined,
  signal: AbortSignal,
  onChange: (evidence: Evidence) => void,
  onProblem: (error: unknown) => void,
): Gathering {
  const drafts = pairsIn(settings).map(({ node, scenario }) => draft(settings, node, scenario?.id));
  const followed = new Set<string>();
  const changed = (of: Draft) => onChange(evidenceIn(of));

  followPods();
  followEvents();
  for (const node of settings.nodes) readNode(node);

  return {
    evidence: () => drafts.map(evidenceIn),
    refused: (node, words) => {
      const of = drafts.find((one) => one.node === node && one.scenario === undefined);
      if (!of) return;
      if (!of.refusals.includes(words)) of.refusals = [...of.refusals, words];
      changed(of);
    },
    finish: () => {
      for (const of of drafts) of.final = true;
    },
  };

  function followPods() {
    const path = `/api/v1/namespaces/${settings.namespace}/pods`;
    const query = { labelSelector: `${LABELS.name}=${PROJECT}${run ? `,${LABELS.run}=${run}` : ""}` };
    follow<V1Pod>(config, path, query, signal, onPod, onProblem);
  }

  function onPod(type: string, pod: V1Pod) {
    const node = nodeOf(pod);
    const scenario = pod.metadata?.labels?.[LABELS.scenario];
    const of = drafts.find((one) => one.node === node && one.scenario === scenario);
    if (!of) return;
    // By hand nobody says which run it is: the pods do.
    of.run = pod.metadata?.labels?.[LABELS.run] ?? of.run;
    const fact = podFact(pod);
    const others = of.pods.filter(({ name }) => name !== fact.name);
    of.pods = type === "DELETED" ? others : [...others, fact];
    for (const container of fact.containers) if (hasLog(container)) followContainer(of, pod, container);
    changed(of);
  }

  /** The node a pod is meant to test, which need not be the one it runs on: people change pods. */
  function nodeOf(pod: V1Pod): string | undefined {
    const meant = settings.nodes.find((node) => nodeLabel(node) === pod.metadata?.labels?.[LABELS.node]);
    if (meant !== undefined) return meant;
    const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
    return pod.spec?.nodeName ?? terms?.[0]?.matchFields?.[0]?.values?.[0];
  }

  /** Each life of a container has a log of its own; what an earlier life said stays. */
  function followContainer(of: Draft, pod: V1Pod, { name: container, restarts = 0 }: PodFact["containers"][number]) {
    const name = pod.metadata?.name ?? "";
    const key = `${pod.metadata?.uid} ${name} ${container} ${restarts}`;
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
            // The next life's log, served before its pod's status said that there is one: it is followed by itself.
            const known = of.logs.get(key)?.[0];
            if (known && known.uptime !== records[0]?.uptime) return;
            of.logs.set(key, records);
            changed(of);
          });
        } catch (error) {
          whole = false;
          onProblem(error);
        }
        // A log that ends while its container runs was a broken connection: read it again, from its beginning. One that
        // was not served at all is asked for again, for as long as there is such a pod.
        const state = of.pods.find((fact) => fact.name === name)?.containers.find((one) => one.name === container);
        if (state === undefined || (state.restarts ?? 0) !== restarts) return;
        if (whole && state.state !== "running") return;
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
    for (const of of drafts) {
      // What a controller says of pods it may not make belongs to no pod, and to every node.
      const ofPod = event.involvedObject.kind === "Pod";
      if (ofPod && !of.pods.some(({ name }) => name === event.involvedObject.name)) continue;
      const { reason = "", message = "" } = event;
      const object = `${event.involvedObject.kind?.toLowerCase()}/${event.involvedObject.name}`;
      if (of.events.some((known) => known.message === message && known.object === object)) continue;
      of.events = [...of.events, { object, reason, message }];
      changed(of);
    }
  }

  function readNode(node: string) {
    const query = { fieldSelector: `metadata.name=${node}` };
    const api = config.makeApiClient(CoreV1Api);
    const found = (fact: NonNullable<Evidence["nodeFact"]>) => {
      for (const of of drafts.filter((one) => one.node === node)) {
        of.nodeFact = fact;
        changed(of);
      }
    };
    api.listNode(query).then(
      ({ items }) => found(nodeFact(items[0] as V1Node | undefined)),
      (error) => {
        // A user who may not read nodes still gets the scheduler's own words.
        onProblem(error);
        found("unreadable");
      },
    );
  }
}

const evidenceIn = ({ logs, ...rest }: Draft): Evidence => ({ ...rest, records: [...logs.values()].flat() });

function draft(settings: Settings, node: string, scenario: string | undefined): Draft {
  const empty = { records: [], pods: [], events: [], refusals: [], final: false, logs: new Map() };
  return { node, ...(scenario === undefined ? {} : { scenario }), run: settings.run, ...empty };
}

const hasLog = ({ state }: PodFact["containers"][number]): boolean => state !== "waiting";
