/** Follows a collection of the API server for as long as a run takes. */
import { setTimeout as sleep } from "node:timers/promises";
import { type KubeConfig, type KubernetesObject, Watch } from "@kubernetes/client-node";
import { list } from "./request.ts";

/** How long to wait before a broken connection is tried again, in milliseconds. */
const RETRY_MS = 150;

type Change = "ADDED" | "MODIFIED" | "DELETED";

/**
 * Reports what is there first, then each change, until the signal. After a watch has broken, what is there is listed again: so the
 * caller learns also of what was deleted meanwhile. Where the user may not list, but watch, that alone remains unknown.
 *
 * Not client-node's informer: where a user's credentials cannot be had at a reconnection it ends the process, and what it begins
 * while it is stopped stays open.
 *
 * @param onChange an object that is there may be reported as added more than once
 * @param onProblem a connection that broke or could not be made; it is tried again
 */
export async function follow<T extends KubernetesObject>(
  config: KubeConfig,
  path: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
  onChange: (type: Change, object: T) => void,
  onProblem: (error: unknown) => void,
): Promise<void> {
  const known = new Map<string, T>();
  const report = (type: Change, object: T) => {
    if (type === "DELETED") known.delete(uidOf(object));
    else known.set(uidOf(object), object);
    onChange(type, object);
  };
  let connection: AbortController | undefined;
  signal.addEventListener("abort", () => connection?.abort(), { once: true });

  while (!signal.aborted) {
    try {
      const there = await list<T>(config, path, query, signal);
      if (there) {
        const uids = new Set(there.items.map(uidOf));
        for (const [uid, object] of known) if (!uids.has(uid)) report("DELETED", object);
        for (const object of there.items) report("ADDED", object);
      }
      // Without a version the watch begins with all that is there.
      const { resourceVersion } = there?.metadata ?? {};
      await watchOnce({ ...query, ...(resourceVersion ? { resourceVersion } : {}) });
    } catch (error) {
      if (!signal.aborted) onProblem(error);
    }
    await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }

  /** Resolves when the connection ends; rejects where it broke, or could not be made. */
  function watchOnce(parameters: Record<string, string>): Promise<void> {
    return new Promise((resolve, reject) => {
      const onEvent = (type: string, object: T) => {
        if (type === "ADDED" || type === "MODIFIED" || type === "DELETED") report(type, object);
      };
      new Watch(config)
        .watch(path, parameters, onEvent, (error) => (error ? reject(error) : resolve()))
        .then((opened) => {
          connection = opened;
          if (signal.aborted) opened.abort();
        }, reject);
    });
  }
}

const uidOf = ({ metadata }: KubernetesObject): string => metadata?.uid ?? metadata?.name ?? "";
