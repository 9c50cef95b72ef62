/** Reads that client-node does not offer as they are needed here: objects as the API server writes them, and logs. */
import http from "node:http";
import https, { type RequestOptions } from "node:https";
import { json, text } from "node:stream/consumers";
import type { KubeConfig } from "@kubernetes/client-node";

/** @param query the parameters of the request, unescaped */
async function get(
  config: KubeConfig,
  path: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  const url = new URL(`${config.getCurrentCluster()?.server}${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const options: RequestOptions = { signal };
  await config.applyToHTTPSOptions(options);
  const { get: request } = url.protocol === "https:" ? https : http;
  return new Promise((resolve, reject) => {
    const answered = (response: http.IncomingMessage) => {
      // Whoever reads it learns of an error by its own means; where nobody does, it must not end the process.
      response.on("error", () => undefined);
      resolve(response);
    };
    request(url, options, answered).on("error", reject);
  });
}

export interface List<T> {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items: readonly T[];
}

/**
 * Lists a collection. client-node's own list has dates where its watch has texts.
 *
 * @returns undefined where the user may not list it
 */
export async function list<T>(
  config: KubeConfig,
  path: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<List<T> | undefined> {
  const response = await get(config, path, query, signal);
  if (response.statusCode === 200) return (await json(response)) as List<T>;
  response.resume();
  if (response.statusCode === 403) return undefined;
  throw new Error(`${path} cannot be listed: HTTP ${response.statusCode}`);
}

/** How many objects are asked for at once. */
const PAGE = 500;

/**
 * Everything of a collection, in pages.
 *
 * @returns undefined where the user may not list it
 */
export async function listAll<T>(
  config: KubeConfig,
  path: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<T[] | undefined> {
  const items: T[] = [];
  for (let next: string | undefined = ""; next !== undefined; ) {
    const more: Record<string, string> = next ? { continue: next } : {};
    const page: List<T> | undefined = await list<T>(config, path, { ...query, limit: String(PAGE), ...more }, signal);
    if (!page) return undefined;
    items.push(...page.items);
    next = page.metadata?.continue || undefined;
  }
  return items;
}

/**
 * Reads one object, or a text.
 *
 * @returns undefined where it is not there, or the user may not read it
 */
export async function readText(
  config: KubeConfig,
  path: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const response = await get(config, path, query, signal);
  if (response.statusCode === 200) return text(response);
  response.resume();
  return undefined;
}

/** Whose log is read. */
interface LogSource {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** The log of the container's life before this one, which is read to its end and not followed. */
  readonly previous?: boolean;
}

/**
 * Follows one container's log from its beginning. Resolves when the log ends (the container ended, or the connection
 * broke); rejects where the kubelet does not serve it yet.
 */
export async function followLog(
  config: KubeConfig,
  where: LogSource,
  signal: AbortSignal,
  onLine: (line: string) => void,
  onServed: () => void = () => undefined,
): Promise<void> {
  // Not client-node's own Log: a connection that breaks ends the whole process there.
  const path = `/api/v1/namespaces/${where.namespace}/pods/${where.pod}/log`;
  const query = { container: where.container, [where.previous ? "previous" : "follow"]: "true" };
  let response: http.IncomingMessage;
  try {
    response = await get(config, path, query, signal);
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  if (response.statusCode !== 200) {
    response.resume();
    throw new Error(`the log of ${where.pod}, ${where.container} is not served: HTTP ${response.statusCode}`);
  }
  const ended = new Promise<void>((resolve) => {
    response.on("error", () => resolve());
    response.on("close", () => resolve());
  });
  onServed();
  lines(response, onLine);
  await ended;
}

/** A line feed alone ends a line, as the kubelet writes them: what else might, somebody has said. */
function lines(response: http.IncomingMessage, onLine: (line: string) => void) {
  let rest = "";
  response.setEncoding("utf8").on("data", (piece: string) => {
    const parts = (rest + piece).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) onLine(line);
  });
  response.on("end", () => rest !== "" && onLine(rest));
}
