/** Replaces a pod by another of the same name and spec, as its controller would if it had one. */
import { ApiException, CoreV1Api, type KubeConfig, type V1Pod } from "@kubernetes/client-node";
import { REPLACES, type ReplacementWay, replaces } from "../core/contract/replacement.ts";
import { reasonOf } from "./connect.ts";
import { podGone } from "./pods.ts";

/** A pod that has not gone, or that the API server does not take again, within this time will not. */
const PATIENCE_MS = 60_000;

/** The pod could not be deleted, or not be made again; the message has the API server's words. */
export class NotReplacedError extends Error {}

/**
 * Deletes the pod, and makes it again as soon as its name is free: after it has ended, or where it is forced, at once. What is begun is
 * finished, or a test would stay without its producer.
 *
 * @param onLeaving takes the uid of the pod, before it is deleted
 * @throws NotReplacedError
 */
export async function replacePod(
  config: KubeConfig,
  namespace: string,
  name: string,
  way: ReplacementWay,
  onLeaving: (uid: string) => void,
): Promise<void> {
  const api = config.makeApiClient(CoreV1Api);
  const target = { namespace, name };
  const pod = await api.readNamespacedPod(target).catch(failing("read"));
  const uid = pod.metadata?.uid ?? "";
  onLeaving(uid);
  const gracePeriodSeconds = way === "forced" ? { gracePeriodSeconds: 0 } : {};
  await api
    .deleteNamespacedPod({ ...target, body: { preconditions: { uid } }, ...gracePeriodSeconds })
    .catch(failing("deleted"));
  if (!(await podGone(api, target, uid, PATIENCE_MS).catch(failing("read"))))
    throw new NotReplacedError(`the pod ${name} was deleted, and does not go`);
  await api.createNamespacedPod({ namespace, body: again(pod, replaces(way, uid)) }).catch(failing("made again"));
}

/** The pod as it was asked for, without what the API server, the scheduler and the kubelet have made of it. */
export function again({ apiVersion = "v1", kind = "Pod", metadata = {}, spec }: V1Pod, note: string): V1Pod {
  const { name, namespace, labels, annotations, ownerReferences } = metadata;
  const asked = { ...(spec ?? { containers: [] }) };
  delete asked.nodeName;
  return {
    apiVersion,
    kind,
    metadata: {
      ...(name ? { name } : {}),
      ...(namespace ? { namespace } : {}),
      ...(labels ? { labels } : {}),
      annotations: { ...annotations, [REPLACES]: note },
      ...(ownerReferences ? { ownerReferences } : {}),
    },
    spec: asked,
  };
}

export const failing =
  (what: string) =>
  (error: unknown): never => {
    const code = error instanceof ApiException ? error.code : undefined;
    const right = code === 403 ? " (`npm run rights` prints what is needed)" : "";
    throw new NotReplacedError(`the pod cannot be ${what}: ${reasonOf(error)}${right}`, { cause: error });
  };
