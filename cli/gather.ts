/** Watches one run of the test in a cluster and keeps the evidence of each node up to date. */

import type { CoreV1Event, KubeConfig, V1Node, V1Pod } from "@kubernetes/client-node";
import { CoreV1Api } from "@kubernetes/client-node";
import {
  type ContainerFact,
  type Evidence,
  nodeFact,
  type PodFact,
  type ProbeRecord,
  podFact,
} from "../core/evidence.ts";
import { LABELS, nodeLabel, PROJECT } from "../core/manifests/names.ts";
import { pairsIn } from "../core/manifests/pair.ts";
import type { Settings } from "../core/settings.ts";
import { follow } from "./cluster.ts";
import { ContainerLogs } from "./containerLogs.ts";

type Draft = { -readonly [Key in keyof Evidence]: Evidence[Key] } & {
  logs: Map<string, readonly ProbeRecord[]>;
  /** By pod name: which of the pods that had this name in turn is meant. */
  uids: Map<string, string>;
};

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
  const changed = (of: Draft) => onChange(evidenceIn(of));

  const logs = new ContainerLogs(config, settings.namespace, signal, onProblem);

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
    const { name = "", uid = "", deletionTimestamp } = pod.metadata ?? {};
    const known = of.uids.get(name);
    // What was on its way out before we came belongs to an earlier test.
    if (known !== uid && deletionTimestamp) return;
    if (known !== uid && known !== undefined) forget(of, name);
    of.uids.set(name, uid);
    // By hand nobody says which run it is: the pods do.
    of.run = pod.metadata?.labels?.[LABELS.run] ?? of.run;
    const fact = podFact(pod);
    const others = of.pods.filter((one) => one.name !== fact.name);
    of.pods = type === "DELETED" ? others : [...others, fact];
    for (const container of fact.containers) readLogs(of, fact, uid, container);
    changed(of);
  }

  /** A pod of the same name has come in a pod's place: another test, of which the old one proves nothing. */
  function forget(of: Draft, pod: string) {
    for (const key of of.logs.keys()) if (key.startsWith(`${pod} `)) of.logs.delete(key);
    of.events = of.events.filter(({ object }) => object !== `pod/${pod}`);
  }

  /** The node a pod is meant to test, which need not be the one it runs on: people change pods. */
  function nodeOf(pod: V1Pod): string | undefined {
    const meant = settings.nodes.find((node) => nodeLabel(node) === pod.metadata?.labels?.[LABELS.node]);
    if (meant !== undefined) return meant;
    const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
    return pod.spec?.nodeName ?? terms?.[0]?.matchFields?.[0]?.values?.[0];
  }

  function readLogs(of: Draft, pod: PodFact, uid: string, container: ContainerFact) {
    const current = () =>
      of.uids.get(pod.name) === uid
        ? of.pods.find(({ name }) => name === pod.name)?.containers.find(({ name }) => name === container.name)
        : undefined;
    logs.read({ pod: pod.name, uid, container }, current, (life, records) => {
      if (of.uids.get(pod.name) !== uid) return;
      of.logs.set(`${pod.name} ${container.name} ${life}`, records);
      changed(of);
    });
  }

  function followEvents() {
    const path = `/api/v1/namespaces/${settings.namespace}/events`;
    follow<CoreV1Event>(config, path, { fieldSelector: "type=Warning" }, signal, onEvent, onProblem);
  }

  function onEvent(type: string, event: CoreV1Event) {
    if (type === "DELETED") return;
    for (const of of drafts) {
      // What a controller says of pods it may not make belongs to no pod, and to every node.
      const { kind, name = "", uid } = event.involvedObject;
      // Events outlive the pods they are of, and the next test's pods have the same names.
      if (kind === "Pod" && (!of.uids.has(name) || (uid && uid !== of.uids.get(name)))) continue;
      const { reason = "", message = "" } = event;
      const object = `${kind?.toLowerCase()}/${name}`;
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

const evidenceIn = ({ logs, uids: _, ...rest }: Draft): Evidence => ({ ...rest, records: [...logs.values()].flat() });

function draft(settings: Settings, node: string, scenario: string | undefined): Draft {
  const empty = { records: [], pods: [], events: [], refusals: [], final: false, logs: new Map(), uids: new Map() };
  return { node, ...(scenario === undefined ? {} : { scenario }), run: settings.run, ...empty };
}
