/** HTTP requests to the API server, and watches. */
import http from "node:http";
import https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { isRecord } from "../protocol/paths.ts";
import type { Bag } from "../protocol/values.ts";
import { ApiError, UnreachableError } from "./apiError.ts";
import type { Connection } from "./kubeconfig.ts";

export type KubeObject = Bag;

interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: KubeObject;
}

interface Options {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

/** An API server that has just started refuses connections for a moment. */
const RETRY_DELAYS_MS = [100, 300, 900];
const TRANSIENT = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "EAI_AGAIN"]);

export class Client {
  readonly #connection: Connection;
  readonly #agent: http.Agent;

  constructor(connection: Connection) {
    this.#connection = connection;
    const pool = { keepAlive: true };
    this.#agent = secure(connection) ? new https.Agent({ ...connection.tls, ...pool }) : new http.Agent(pool);
  }

  get namespace(): string {
    return this.#connection.namespace;
  }

  /**
   * @throws ApiError when the server refuses, UnreachableError when it does not answer.
   */
  async request(method: string, path: string, options: Options = {}): Promise<KubeObject> {
    const response = await this.#send(method, path, options);
    const body = await textOf(response);
    const code = response.statusCode ?? 0;
    if (code >= 300) throw new ApiError(code, body, `${method} ${path}`);
    const parsed: unknown = JSON.parse(body);
    return isRecord(parsed) ? parsed : {};
  }

  /** Changes from `resourceVersion` on, until the server or the signal ends the stream. */
  async *watch(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const response = await this.#send("GET", path, {
      query: { ...query, watch: "1", allowWatchBookmarks: "true" },
      signal,
    });
    if ((response.statusCode ?? 0) >= 300) {
      throw new ApiError(response.statusCode ?? 0, await textOf(response), `WATCH ${path}`);
    }
    try {
      let rest = "";
      for await (const chunk of response.setEncoding("utf8")) {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) yield eventFrom(line, path);
      }
    } finally {
      response.destroy();
    }
  }

  async #send(method: string, path: string, options: Options): Promise<http.IncomingMessage> {
    for (const delay of RETRY_DELAYS_MS) {
      try {
        return await this.#sendOnce(method, path, options);
      } catch (error) {
        if (!TRANSIENT.has((error as NodeJS.ErrnoException).code ?? "")) throw this.#explained(error);
        await sleep(delay, undefined, { signal: options.signal });
      }
    }
    return this.#sendOnce(method, path, options).catch((error: unknown) => Promise.reject(this.#explained(error)));
  }

  #sendOnce(method: string, path: string, options: Options): Promise<http.IncomingMessage> {
    const url = new URL(this.#connection.server);
    url.pathname = url.pathname.replace(/\/$/, "") + path;
    for (const [key, value] of Object.entries(options.query ?? {})) url.searchParams.set(key, value);
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    const headers = {
      ...this.#connection.headers,
      accept: "application/json",
      ...(body === undefined
        ? {}
        : { "content-type": options.contentType ?? "application/json", "content-length": Buffer.byteLength(body) }),
    };
    return new Promise((resolve, reject) => {
      const { request } = secure(this.#connection) ? https : http;
      const settings = { method, headers, agent: this.#agent, ...(options.signal ? { signal: options.signal } : {}) };
      request(url, settings, resolve).on("error", reject).end(body);
    });
  }

  #explained(error: unknown): unknown {
    const { name, message, code } = error as NodeJS.ErrnoException;
    if (name === "AbortError") return error;
    const { server, origin } = this.#connection;
    return new UnreachableError(
      `configured Kubernetes cluster is unreachable: ${server.origin} (${origin}): ${message || code}. Is it running, and is this the kubeconfig you mean?`,
    );
  }
}

function secure({ server }: Connection): boolean {
  return server.protocol === "https:";
}

/** @throws ApiError when the server ends the watch with an error, such as a version that has expired. */
function eventFrom(line: string, path: string): WatchEvent {
  const event = JSON.parse(line) as WatchEvent;
  if (event.type !== "ERROR") return event;
  throw new ApiError(Number(event.object.code ?? 500), JSON.stringify(event.object), `WATCH ${path}`);
}

async function textOf(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
