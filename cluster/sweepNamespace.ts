/** The namespace of the test: whether it is ours, and how its pods and it go. */

import { CoreV1Api, type KubeConfig, type V1Namespace, type V1Pod } from "@kubernetes/client-node";
import { UserError } from "../base/problem.ts";
import { until } from "../base/stop.ts";
import { LABELS, OWNER, PROJECT } from "../core/contract/names.ts";
import { isSidecar } from "../core/evidence/specFact.ts";
import { apiNamespace } from "../core/manifests/api.ts";
import { namespace as namespaceObject } from "../core/manifests/namespace.ts";
import type { Settings } from "../core/settings/settings.ts";
import { except, reasonOf } from "./connect.ts";

/** Without an owner it may be any run's: an engine knows by its state which is its own. */
type Place = Pick<Settings, "namespace"> & Partial<Pick<Settings, "owner">>;

const POLL_MS = 100;
/** How long the pods and the namespace may take to go. */
const PATIENCE_MS = 120_000;

/**
 * Runs the body with the test's namespace there, and deletes the namespace afterwards.
 *
 * @param body takes the time at which the namespace was made for the test, undefined where it is made only now; and what deletes
 * the namespace earlier than at the body's end
 * @throws UserError where the namespace is not one that this project made.
 */
export async function withNamespace<T>(
  config: KubeConfig,
  settings: Settings,
  body: (since: Date | undefined, begin: () => Promise<unknown>) => Promise<T>,
): Promise<T> {
  const api = config.makeApiClient(CoreV1Api);
  const there = await findOwn(api, settings);
  if (there?.status?.phase === "Terminating") await namespaceGone(config, settings);
  if (!there || there.status?.phase === "Terminating")
    await api.createNamespace({ body: apiNamespace(namespaceObject(settings)) });
  let begun: Promise<unknown> | undefined;
  // Once only: when it is gone, its name may be another's.
  const begin = () => {
    begun ??= beginToDelete(config, settings);
    return begun;
  };
  try {
    return await body(there?.metadata?.creationTimestamp, begin);
  } finally {
    await begin();
    await namespaceGone(config, settings);
  }
}

/**
 * Refuses a namespace of somebody else: the engine would take it over without a word, and delete it at the end with all
 * that is in it.
 *
 * @returns whether it is there
 * @throws UserError where the namespace is there and not one that this project made, or belongs to another run.
 */
export const requireOwnNamespace = async (config: KubeConfig, settings: Place): Promise<boolean> =>
  (await findOwn(config.makeApiClient(CoreV1Api), settings)) !== undefined;

/** When the test's namespace was made; undefined where it is gone, or may not be read. */
export const namespaceMade = (config: KubeConfig, { namespace }: Settings): Promise<Date | undefined> =>
  config
    .makeApiClient(CoreV1Api)
    .readNamespace({ name: namespace })
    .then(({ metadata }) => metadata?.creationTimestamp)
    .catch(except([403, 404], undefined));

/** The images of the pods that are there, which their node has: those of the settings it may have to pull, and cannot. */
export async function imagesThere(
  config: KubeConfig,
  settings: Settings,
): Promise<Partial<Pick<Settings, "producerImage" | "consumerImage">>> {
  const { items } = await config.makeApiClient(CoreV1Api).listNamespacedPod(ownPods(settings));
  const imageOf = (component: string) =>
    items
      .filter(
        ({ metadata, status }) => metadata?.labels?.[LABELS.component] === component && status?.phase !== "Pending",
      )
      .map(({ spec }) => (spec?.initContainers?.find(isSidecar) ?? spec?.containers[0])?.image)[0];
  const [producerImage, consumerImage] = [imageOf("producer"), imageOf("consumer")];
  return { ...(producerImage ? { producerImage } : {}), ...(consumerImage ? { consumerImage } : {}) };
}

const ownPods = ({ namespace }: Settings) => ({ namespace, labelSelector: `${LABELS.name}=${PROJECT}` });

/** Within this time pods end, unless a daemon of theirs does not answer. */
const ENDING_MS = 15_000;

/**
 * Deletes every pod of the test, all at once, and waits until they have ended: only then is a node at rest.
 *
 * @param onFound takes the pods' names, before they are deleted
 * @param free takes away what is mounted for pods that do not end
 * @returns whether one of them may stay for what is mounted in a volume of its own, until that is taken away
 */
export async function endPods(
  config: KubeConfig,
  settings: Settings,
  onFound: (names: string) => void,
  free: () => Promise<unknown>,
): Promise<boolean> {
  const api = config.makeApiClient(CoreV1Api);
  const query = ownPods(settings);
  const { items } = await api.listNamespacedPod(query);
  if (items.length === 0) return false;
  onFound(items.map(({ metadata }) => metadata?.name).join(", "));
  await api.deleteCollectionNamespacedPod(query);
  const deleted = new Set(items.map(({ metadata }) => metadata?.uid));
  const begun = performance.now();
  let freed = false;
  await settled(async () => {
    const present = (await api.listNamespacedPod(query)).items;
    // The collector of a run that was killed may outlive it, and put the producer's pod in its place again.
    const fresh = present.filter(({ metadata }) => metadata?.uid !== undefined && !deleted.has(metadata.uid));
    if (fresh.length > 0) await api.deleteCollectionNamespacedPod(query);
    for (const { metadata } of fresh) deleted.add(metadata?.uid);
    const ended = present.every(hasEnded);
    if (!ended && !freed && performance.now() - begun > ENDING_MS) {
      freed = true;
      await free();
    }
    return ended;
  }, "the pods of the run to end");
  return items.some(({ spec }) => spec?.initContainers?.some(isSidecar));
}

/**
 * Whether nothing of a pod runs any more, or will. Its kubelet tells a last phase only when it has stopped every container; the pod
 * itself it removes at its next round, up to a second later.
 */
const hasEnded = ({ metadata, status }: V1Pod): boolean =>
  metadata?.deletionTimestamp !== undefined && (status?.phase === "Succeeded" || status?.phase === "Failed");

/** Asks for the namespace's deletion, which begins five seconds later: so long its controller waits. */
export const beginToDelete = (config: KubeConfig, { namespace: name }: Settings): Promise<unknown> =>
  config
    .makeApiClient(CoreV1Api)
    .deleteNamespace({ name })
    // It is gone, or on its way.
    .catch(except([404, 409], undefined));

/** Waits until the namespace is gone. */
export const namespaceGone = (config: KubeConfig, { namespace: name }: Settings) =>
  settled(async () => !(await find(config.makeApiClient(CoreV1Api), name)), `the namespace ${name} to go`);

/** @throws UserError where the namespace is not one that this project made, or belongs to another run. */
async function findOwn(api: CoreV1Api, { namespace: name, owner }: Place): Promise<V1Namespace | undefined> {
  const there = await find(api, name);
  if (there && there.metadata?.labels?.[LABELS.name] !== PROJECT)
    throw new UserError(`the namespace ${name} is there already, and was not made by this test`, {
      remedy: "choose another with --set namespace=..., or, if it is yours, delete it",
    });
  const other = there?.metadata?.annotations?.[OWNER];
  if (other !== undefined && owner !== undefined && other !== owner)
    throw new UserError(`the namespace ${name} belongs to the run of ${other}`, {
      remedy: `wait until it is gone, or choose another with --set namespace=...; if that run is dead: npm run sweep -- --set owner=${other}`,
    });
  return there;
}

const find = (api: CoreV1Api, name: string): Promise<V1Namespace | undefined> =>
  api
    .readNamespace({ name })
    .catch(except([404], undefined))
    .catch((cause: unknown) => {
      throw new UserError(`the namespace ${name} cannot be looked at: ${reasonOf(cause)}`, {
        remedy: "have the right to get namespaces granted, as `npm run rights` prints it, or try again",
        cause,
      });
    });

const settled = (holds: () => Promise<boolean>, what: string): Promise<true> =>
  until(holds, {
    every: POLL_MS,
    within: PATIENCE_MS,
    late: () =>
      new UserError(`waited ${PATIENCE_MS / 1000} s for ${what}`, { remedy: "look at it with kubectl describe" }),
  });
