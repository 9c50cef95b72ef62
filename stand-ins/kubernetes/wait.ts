/** Waits for an object with a watch, as the official plugin does, rather than by asking again and again. */
import { setTimeout as sleep } from "node:timers/promises";
import { isRecord, textAt } from "../protocol/paths.ts";
import { ApiError, isNotFound } from "./apiError.ts";
import type { Client, KubeObject } from "./client.ts";

/** Where one object is: its collection, and its name in it. */
export interface Place {
  readonly collection: string;
  readonly name: string;
}

const PAUSE_AFTER_BROKEN_WATCH_MS = 200;

/**
 * Examines the object now and after each change, until `done` says so or the signal ends the wait.
 *
 * @param done gets the object, or undefined once it is gone; a value other than undefined ends the wait.
 * @throws what `done` throws, ApiError, or the signal's reason.
 */
export async function watchUntil<Result>(
  client: Client,
  place: Place,
  signal: AbortSignal,
  done: (object: KubeObject | undefined) => Result | undefined,
): Promise<Result> {
  const selector = { fieldSelector: `metadata.name=${place.name}` };
  for (;;) {
    signal.throwIfAborted();
    // A list, unlike a single object, also says from which version on to watch when the object is not there.
    const list = await client.request("GET", place.collection, { query: selector, signal });
    const result = done(Array.isArray(list.items) ? list.items.filter(isRecord)[0] : undefined);
    if (result !== undefined) return result;
    try {
      const since = { ...selector, resourceVersion: textAt(list, "metadata", "resourceVersion") ?? "" };
      for await (const { type, object } of client.watch(place.collection, since, signal)) {
        if (type === "BOOKMARK") continue;
        const seen = done(type === "DELETED" ? undefined : object);
        if (seen !== undefined) return seen;
      }
    } catch (error) {
      if (!isBrokenStream(error)) throw error;
      await sleep(PAUSE_AFTER_BROKEN_WATCH_MS, undefined, { signal });
    }
  }
}

/** The object as it is, or undefined. */
export async function lookUp(client: Client, place: Place, signal: AbortSignal): Promise<KubeObject | undefined> {
  try {
    return await client.request("GET", `${place.collection}/${encodeURIComponent(place.name)}`, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** A connection that was cut, or a version that has expired (410): start over, as opposed to an error of ours. */
function isBrokenStream(error: unknown): boolean {
  if (error instanceof ApiError) return error.code === 410 || error.code >= 500;
  return ["ECONNRESET", "EPIPE"].includes((error as NodeJS.ErrnoException).code ?? "");
}
