/** Watches one run of the test in a cluster and keeps the evidence of each node up to date. */

import { isDeepStrictEqual } from "node:util";
import type { CoreV1Event, KubeConfig, V1Node, V1Pod } from "@kubernetes/client-node";
import { CoreV1Api } from "@kubernetes/client-node";
import { LABELS, nodeLabel, PROJECT } from "../core/contract/names.ts";
import type { ProbeRecord } from "../core/contract/records.ts";
import type { ReplacementWay } from "../core/contract/replacement.ts";
import type { ContainerFact, Deletion, EventFact, Evidence, PodFact } from "../core/evidence/evidence.ts";
import { nodeFact, podFact, sidesOf } from "../core/evidence/facts.ts";
import { type Pair, planOf } from "../core/plan/plan.ts";
import type { Settings } from "../core/settings/settings.ts";
import type { Whose } from "./answers.ts";
import { ContainerLogs } from "./containerLogs.ts";
import { follow } from "./watch.ts";

/** A pod with what only the collector needs of it. */
interface Found {
  readonly fact: PodFact;
  readonly run: string | undefined;
}

type Draft = { -readonly [Key in keyof Evidence]: Evidence[Key] } & {
  /** By pod name, in the order they came. */
  found: Map<string, Found>;
  logs: Map<string, readonly ProbeRecord[]>;
  /** By pod name: which of the pods that had this name in turn is meant. */
  uids: Map<string, string>;
  /** Which lives' logs were served, and which of them to the end, as the logs are named. */
  served: Set<string>;
  read: Set<string>;
  /** Uids of pods that are replaced by ones that go on with their story. */
  leaving: Set<string>;
};

export interface Gathering {
  /** The evidence as it stands now of every pair: the base pair of each node, and those of its scenarios. */
  evidence(): Evidence[];
  /** Adds the API's refusal of an object of the test, to the base pair of its node. */
  refused(node: string, words: string): void;
  /** This pod is about to be replaced by another of its name, which goes on with its story: what is known of it stays. */
  leaving(whose: Whose, uid: string): void;
  /** The producer's pod is not replaced in this way, since the node may not be disturbed. */
  unasked(whose: Whose, way: ReplacementWay, words: string): void;
  /** The pod with the daemon could not be replaced. */
  notReplaced(whose: Whose, words: string): void;
  /** A pod with a sidecar was deleted, and has gone. */
  deleted(whose: Whose, deletion: Deletion): void;
  /** No more is to be expected. */
  finish(): void;
}

/**
 * Begins to watch; `onChange` is called with the evidence of a pair each time it has changed.
 *
 * @param run only pods of this run; undefined: all that run in the namespace
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
  const drafts = planOf(settings).pairs.map((pair) => draft(settings, pair));
  const changed = (of: Draft) => onChange(evidenceIn(of));
  /** All that was said in the namespace so far: an event may come before its pod, and stays after it. */
  const said: CoreV1Event[] = [];

  const logs = new ContainerLogs(config, settings.namespace, signal, onProblem);

  followPods();
  followEvents();
  for (const node of settings.nodes) readNode(node);

  return {
    evidence: () => drafts.map(evidenceIn),
    refused: (node, words) => {
      const of = draftOf({ node });
      if (!of) return;
      if (!of.refusals.includes(words)) of.refusals = [...of.refusals, words];
      changed(of);
    },
    leaving: (whose, uid) => draftOf(whose)?.leaving.add(uid),
    unasked: (whose, way, words) =>
      amend(whose, ({ replacing }) => {
        if (replacing) return { replacing: { ...replacing, unasked: { ...replacing.unasked, [way]: words } } };
      }),
    notReplaced: (whose, refused) =>
      amend(whose, ({ replacing, samePod }) => ({
        ...(replacing ? { replacing: { ...replacing, refused } } : {}),
        ...(samePod ? { samePod: { ...samePod, refused } } : {}),
      })),
    deleted: (whose, deletion) =>
      amend(whose, ({ samePod }) => {
        if (samePod) return { samePod: { ...samePod, deletions: [...samePod.deletions, deletion] } };
      }),
    finish: () => {
      for (const of of drafts) of.final = true;
    },
  };

  function draftOf({ node, scenario }: Whose): Draft | undefined {
    return drafts.find((one) => one.node === node && one.scenario === scenario);
  }

  function amend(whose: Whose, next: (of: Draft) => Pick<Evidence, "replacing" | "samePod"> | undefined) {
    const of = draftOf(whose);
    if (!of) return;
    Object.assign(of, next(of));
    changed(of);
  }

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
    if (known !== uid && known !== undefined) {
      if (of.leaving.has(known)) keep(of, name, known);
      else forget(of, name);
    }
    of.uids.set(name, uid);
    const fact = podFact(pod);
    if (type === "DELETED" && of.leaving.has(uid)) return;
    if (type === "DELETED") of.found.delete(name);
    else of.found.set(name, { fact, run: pod.metadata?.labels?.[LABELS.run] });
    if (of.samePod && fact.containers.some(isOutOfMemory)) of.samePod = { ...of.samePod, outOfMemory: true };
    const newest = newestRunOf([...of.found.values()]);
    of.pods = newest.flatMap((one) => sidesOf(one.fact));
    // By hand nobody says which run it is: the pods do.
    of.run = newest.at(-1)?.run ?? of.run;
    of.events = eventsOf(of, said);
    for (const container of fact.containers) readLogs(of, fact, uid, container);
    changed(of);
  }

  /** A pod of the same name has come in a pod's place: another test, of which the old one proves nothing. */
  function forget(of: Draft, pod: string) {
    for (const key of of.logs.keys()) if (key.startsWith(`${pod} `)) of.logs.delete(key);
    for (const keys of [of.served, of.read]) for (const key of keys) if (key.startsWith(`${pod} `)) keys.delete(key);
  }

  /** Its successor has said nothing yet, and its records are its successor's too. */
  function keep(of: Draft, pod: string, uid: string) {
    const logs = [...of.logs].filter(([key]) => key.startsWith(`${pod} `));
    forget(of, pod);
    for (const [key, records] of logs) of.logs.set(`${key} ${uid}`, records);
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
        ? of.found.get(pod.name)?.fact.containers.find(({ name }) => name === container.name)
        : undefined;
    // Those that come before the others are of one role.
    const role = pod.spec && (pod.spec.containers.find(({ name }) => name === container.name)?.role ?? "turn");
    logs.read({ pod: pod.name, uid, container }, current, (life, records, whole) => {
      if (of.uids.get(pod.name) !== uid) return;
      const key = `${pod.name} ${container.name} ${life}`;
      // A log may say anything of others; it is the word of this container alone.
      of.logs.set(key, role === undefined ? records : records.filter((record) => record.role === role));
      of.served.add(key);
      if (whole) of.read.add(key);
      changed(of);
    });
  }

  function followEvents() {
    const path = `/api/v1/namespaces/${settings.namespace}/events`;
    follow<CoreV1Event>(config, path, { fieldSelector: "type=Warning" }, signal, onEvent, onProblem);
  }

  function onEvent(type: string, event: CoreV1Event) {
    if (type === "DELETED") return;
    const known = said.findIndex(({ metadata }) => metadata?.uid !== undefined && metadata.uid === event.metadata?.uid);
    if (known < 0) said.push(event);
    else said[known] = event;
    for (const of of drafts) {
      const events = eventsOf(of, said);
      if (isDeepStrictEqual(events, of.events)) continue;
      of.events = events;
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

const evidenceIn = ({ logs, served, read, uids: _, found: __, leaving: ___, ...rest }: Draft): Evidence => ({
  ...rest,
  records: [...logs].flatMap(([log, records]) =>
    rest.pods.some(({ name }) => log.startsWith(`${name} `)) ? records : [],
  ),
  unread: rest.pods.flatMap((pod) =>
    pod.containers
      .filter(({ name, state, reason, restarts = 0 }) => {
        const log = `${pod.name} ${name} ${restarts}`;
        return state === "terminated"
          ? !NO_LOG.includes(reason) && !read.has(log)
          : state === "running" && !served.has(log);
      })
      .map(({ name }) => `${pod.name}/${name}`),
  ),
});

const isOutOfMemory = ({ reason, last }: ContainerFact): boolean =>
  reason === "OOMKilled" || last?.reason === "OOMKilled";

/** What the kubelet says of a container that never started, or that it has lost: there is no log of it. */
const NO_LOG: readonly string[] = ["ContainerStatusUnknown", "StartError", "ContainerCannotRun"];

/** Of each component the newest pod, and only of the newest one's run; the newest of all comes last. */
function newestRunOf(found: readonly Found[]): readonly Found[] {
  const age = ({ fact }: Found) => fact.created ?? "";
  const sorted = found.toSorted((a, b) => age(a).localeCompare(age(b)));
  const run = sorted.at(-1)?.run;
  const own = sorted.filter((one) => one.run === run);
  return own.filter((one, index) => !own.slice(index + 1).some(({ fact }) => fact.component === one.fact.component));
}

/** What was said of the pods of a pair, each thing once; and of what is no pod, as a controller, which concerns every node. */
function eventsOf({ uids }: Draft, said: readonly CoreV1Event[]): EventFact[] {
  const facts = new Map<string, EventFact & { readonly count: number }>();
  for (const { involvedObject, reason = "", message = "", count = 1, series } of said) {
    const { kind, name = "", uid, fieldPath } = involvedObject;
    // Events outlive the pods they are of, and the next test's pods have the same names.
    if (kind === "Pod" && (!uids.has(name) || (uid && uid !== uids.get(name)))) continue;
    const object = `${kind?.toLowerCase()}/${name}`;
    const times = series?.count ?? count;
    const [, container] = /^spec\.(?:initC|c)ontainers\{(.+)\}$/.exec(fieldPath ?? "") ?? [];
    const key = [object, container, message].join(" ");
    const before = facts.get(key)?.count ?? 0;
    facts.set(key, { object, ...(container ? { container } : {}), reason, message, count: before + times });
  }
  return [...facts.values()];
}

function draft(settings: Settings, { node, scenario, replaced, variation }: Pair): Draft {
  const empty = { records: [], pods: [], events: [], refusals: [], final: false };
  const own = {
    found: new Map(),
    logs: new Map(),
    uids: new Map(),
    served: new Set<string>(),
    read: new Set<string>(),
    leaving: new Set<string>(),
  };
  const whose = scenario ? { scenario: scenario.id } : { replacing: { ways: replaced } };
  const samePod = variation.samePod ? { samePod: { deletions: [] } } : {};
  return { node, ...whose, ...samePod, run: settings.run, ...empty, ...own };
}
