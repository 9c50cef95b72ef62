/** Reads what runs in namespaces: pods, events, nodes, logs and the mounts of those containers that share a FUSE mount. It changes nothing. */
import type { CoreV1Event, KubeConfig, V1Node, V1Pod } from "@kubernetes/client-node";
import { UserError } from "../../base/problem.ts";
import type { NodeFact } from "../../core/evidence/evidence.ts";
import { nodeFact } from "../../core/evidence/facts.ts";
import { type Facts, isRead, keyOf, type LivePod, type LiveView, type Unread } from "../../core/live/facts.ts";
import { bothEnds, linksOf, type Question, runs, toAsk, toLookAt } from "../../core/live/links.ts";
import { isPresent, livePod, newestFirst } from "../../core/live/pods.ts";
import { failingInits } from "../../core/live/unstarted.ts";
import { reasonOf } from "../connect.ts";
import { listAll, readText } from "../request.ts";
import { ask, type ExecTarget, inTurns, ownTarget, readTable } from "./look.ts";

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

interface Reading {
  readonly facts: Facts;
  /** Containers that were not read since there are too many. */
  readonly left: number;
}

/** @param addContainer adds an ephemeral container for one without a shell; undefined where nothing may be changed */
export async function readLive(
  config: KubeConfig,
  there: There,
  question: Question,
  addContainer?: (pod: LivePod, container: string) => Promise<ExecTarget | Unread>,
): Promise<Reading> {
  const found = linksOf(there, question);
  const all = toLookAt(found);
  const chosen = all.slice(0, MAX_LOOKS);
  const looks = new Map<string, LiveView | Unread>();
  const targets = new Map<string, ExecTarget>();
  await inTurns(chosen, AT_ONCE, async ({ pod, end: { container } }) => {
    const key = keyOf(pod, container.name);
    let target = ownTarget(pod, container.name);
    let look = await readTable(config, target);
    if (!isRead(look) && addContainer && /no cat/.test(look.words)) {
      const made = await addContainer(pod, container.name);
      if ("process" in made) {
        target = made;
        look = await readTable(config, target);
      } else look = made;
    }
    targets.set(key, target);
    looks.set(key, look);
  });
  const [nodes, logs] = await Promise.all([
    readNodes(
      config,
      bothEnds(found).flatMap(({ pod }) => pod.node ?? []),
    ),
    readLogs(
      config,
      found.producers.flatMap(({ pod, end }) =>
        [end.container.name, ...failingInits(pod).map(({ name }) => name)].map((container) => ({ pod, container })),
      ),
    ),
  ]);
  // Where the mounts are is known now.
  const linked = linksOf({ ...there, looks }, question);
  const asked = bothEnds(linked);
  await inTurns(toLookAt(linked), AT_ONCE, async ({ pod, end: { container } }) => {
    const key = keyOf(pod, container.name);
    const [look, target] = [looks.get(key), targets.get(key)];
    if (isRead(look) && target) looks.set(key, await ask(config, target, look, toAsk(asked, key)));
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
