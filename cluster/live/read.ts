/** Reads what runs in namespaces: pods, events, nodes, logs and the mounts of those containers that share a FUSE mount. It changes nothing. */
import type { CoreV1Event, KubeConfig, V1Node, V1Pod } from "@kubernetes/client-node";
import { UserError } from "../../base/problem.ts";
import type { NodeFact } from "../../core/evidence/evidence.ts";
import { nodeFact } from "../../core/evidence/facts.ts";
import { type Facts, isRead, keyOf, type LivePod, type Look, type Unread } from "../../core/live/facts.ts";
import { linksOf, type Question, runs, toAsk, toLookAt } from "../../core/live/links.ts";
import { isPresent, livePod, newestFirst } from "../../core/live/pods.ts";
import { reasonOf } from "../connect.ts";
import { listAll, readText } from "../request.ts";
import { ask, type Eyes, eyesOf, inTurns, readTable } from "./look.ts";

/** How long the API server may take for one answer, in milliseconds. */
const ANSWER_MS = 20_000;
/** Containers that are asked at once. */
const AT_ONCE = 8;
/** Containers that are read at most; nobody reads more findings. */
const MAX_LOOKS = 64;
const LOG = { tailLines: "20", limitBytes: "16384" } as const;

/** What is there before any container is asked. */
export interface There {
  readonly pods: readonly LivePod[];
  readonly events: readonly CoreV1Event[];
}

/** @throws UserError where a namespace cannot be read */
export async function readPods(config: KubeConfig, namespaces: readonly string[]): Promise<There> {
  const read = await Promise.all(
    namespaces.map(async (namespace) => {
      const at = `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
      const signal = AbortSignal.timeout(ANSWER_MS);
      const refused = (cause: unknown) => {
        throw new UserError(`namespace = ${JSON.stringify(namespace)}: its pods cannot be read: ${reasonOf(cause)}`, {
          remedy: `see whether \`kubectl get pods -n ${namespace}\` comes through, or name another context`,
          cause,
        });
      };
      const [pods, events] = await Promise.all([
        listAll<V1Pod>(config, `${at}/pods`, {}, signal),
        listAll<CoreV1Event>(config, `${at}/events`, { fieldSelector: "type=Warning" }, signal),
      ]).catch(refused);
      if (pods) return { pods, events: events ?? [] };
      throw new UserError(`namespace = ${JSON.stringify(namespace)}: this user may not list its pods`, {
        remedy: `have the rights granted that \`npm run diagnose -- --print-role -n ${namespace}\` prints, or name another context`,
      });
    }),
  );
  return {
    pods: newestFirst(read.flatMap(({ pods }) => pods.map(livePod))).filter(isPresent),
    events: read.flatMap(({ events }) => events),
  };
}

export interface Reading {
  readonly facts: Facts;
  /** Containers that were not read since there are too many. */
  readonly left: number;
}

/** @param lookThrough makes eyes for a container that has none of its own; undefined where nothing may be changed */
export async function readLive(
  config: KubeConfig,
  there: There,
  question: Question,
  lookThrough?: (pod: LivePod, container: string) => Promise<Eyes | Unread>,
): Promise<Reading> {
  const found = linksOf(there, question);
  const all = toLookAt(found);
  const chosen = all.slice(0, MAX_LOOKS);
  const looks = new Map<string, Look | Unread>();
  const eyes = new Map<string, Eyes>();
  await inTurns(chosen, AT_ONCE, async ({ pod, end: { container } }) => {
    const key = keyOf(pod, container.name);
    let through = eyesOf(pod, container.name);
    let look = await readTable(config, through);
    if (!isRead(look) && lookThrough && /no cat/.test(look.words)) {
      const made = await lookThrough(pod, container.name);
      if ("process" in made) {
        through = made;
        look = await readTable(config, through);
      } else look = made;
    }
    eyes.set(key, through);
    looks.set(key, look);
  });
  const [nodes, logs] = await Promise.all([
    readNodes(
      config,
      [...found.producers, ...found.links.map(({ reader }) => reader)].flatMap(({ pod }) => pod.node ?? []),
    ),
    readLogs(
      config,
      found.producers.map(({ pod, end }) => ({ pod, container: end.container.name })),
    ),
  ]);
  // Where the mounts are is known now.
  const sides = [...toLookAt(linksOf({ ...there, looks }, question))];
  const linked = linksOf({ ...there, looks }, question);
  const asked = [...linked.producers, ...linked.links.map(({ reader }) => reader)];
  await inTurns(sides, AT_ONCE, async ({ pod, end: { container } }) => {
    const key = keyOf(pod, container.name);
    const [look, through] = [looks.get(key), eyes.get(key)];
    if (isRead(look) && through) looks.set(key, await ask(config, through, look, toAsk(asked, key)));
  });
  return { facts: { ...there, nodes, logs, looks }, left: all.length - chosen.length };
}

async function readNodes(config: KubeConfig, names: readonly string[]): Promise<Map<string, NodeFact | "unreadable">> {
  const found = new Map<string, NodeFact | "unreadable">();
  await inTurns([...new Set(names)], AT_ONCE, async (name) => {
    const path = `/api/v1/nodes/${encodeURIComponent(name)}`;
    const text = await readText(config, path, {}, AbortSignal.timeout(ANSWER_MS)).catch(() => undefined);
    found.set(name, text === undefined ? "unreadable" : nodeFact(JSON.parse(text) as V1Node));
  });
  return found;
}

/** Of a container that does not run, what it said last. */
async function readLogs(
  config: KubeConfig,
  whose: readonly { readonly pod: LivePod; readonly container: string }[],
): Promise<Map<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  await inTurns(whose.slice(0, MAX_LOOKS), AT_ONCE, async ({ pod, container }) => {
    const path = `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}/log`;
    const read = async (more: Readonly<Record<string, string>>) =>
      (await readText(config, path, { container, ...LOG, ...more }, AbortSignal.timeout(ANSWER_MS)).catch(
        () => undefined,
      )) ?? "";
    const now = await read({});
    // One that has just been started again has said nothing yet.
    const all = now.trim() === "" && !runs(pod, container) ? await read({ previous: "true" }) : now;
    found.set(
      keyOf(pod, container),
      all
        .split("\n")
        .filter(Boolean)
        .map((line) => line.slice(0, 400)),
    );
  });
  return found;
}
