/** A small API server for tests: keeps objects in memory, answers discovery, server-side apply, lists, watches, deletes. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { Bag } from "../../stand-ins/protocol/values.ts";

export interface Recorded {
  readonly method: string;
  readonly url: URL;
  readonly body: Bag;
  readonly contentType: string | undefined;
}

type Stored = Bag & { metadata: Bag };

const RESOURCES: Readonly<Record<string, readonly Bag[]>> = {
  "/api/v1": [
    { name: "namespaces", kind: "Namespace", namespaced: false },
    { name: "pods", kind: "Pod", namespaced: true },
    { name: "pods/status", kind: "Pod", namespaced: true },
    { name: "configmaps", kind: "ConfigMap", namespaced: true },
    { name: "secrets", kind: "Secret", namespaced: true },
  ],
};

export class FakeApiServer {
  readonly requests: Recorded[] = [];
  readonly objects = new Map<string, Stored>();
  /** Answers a request instead of the server; undefined lets it through. */
  intercept: (request: Recorded) => { readonly code: number; readonly body: Bag } | undefined = () => undefined;
  /** Deleted objects stay, terminating, until `vanish` is called. */
  holdDeletions = false;
  #version = 1;
  readonly #watchers = new Set<{ readonly collection: string; readonly response: http.ServerResponse }>();
  readonly #server = http.createServer((request, response) => void this.#answer(request, response));

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  get kubeconfig(): string {
    return JSON.stringify({
      "current-context": "fake",
      contexts: [{ name: "fake", context: { cluster: "fake", user: "me", namespace: "home" } }],
      clusters: [
        { name: "fake", cluster: { server: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}` } },
      ],
      users: [{ name: "me", user: { token: "let-me-in" } }],
    });
  }

  /** Changes an object as a controller would, and tells the watchers. */
  change(path: string, change: Bag): void {
    const object = { ...(this.objects.get(path) as Stored), ...change };
    object.metadata = { ...object.metadata, resourceVersion: String(++this.#version) };
    this.objects.set(path, object);
    this.#tell("MODIFIED", path, object);
  }

  vanish(path: string): void {
    const object = this.objects.get(path) as Stored;
    this.objects.delete(path);
    this.#tell("DELETED", path, object);
  }

  /** As when a server restarts: the connections break off. */
  cutWatches(): void {
    for (const { response } of this.#watchers) response.destroy();
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  async #answer(incoming: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const request: Recorded = {
      method: incoming.method ?? "",
      url: new URL(incoming.url ?? "", "http://fake"),
      body: text ? JSON.parse(text) : {},
      contentType: incoming.headers["content-type"],
    };
    this.requests.push(request);
    if (incoming.headers.authorization !== "Bearer let-me-in") return send(response, 401, { message: "who are you?" });
    const answer = this.intercept(request);
    if (answer) return send(response, answer.code, answer.body);
    const path = request.url.pathname;
    if (RESOURCES[path]) return send(response, 200, { resources: RESOURCES[path] });
    if (request.url.searchParams.get("watch")) return this.#watch(path, response);
    if (request.method === "PATCH") return send(response, 201, this.#apply(request));
    const object = this.objects.get(path);
    const wanted = request.url.searchParams.get("fieldSelector")?.match(/^metadata\.name=(.*)$/)?.[1];
    if (wanted !== undefined) {
      const items = [this.objects.get(`${path}/${wanted}`)].filter(Boolean);
      return send(response, 200, { metadata: { resourceVersion: String(this.#version) }, items });
    }
    if (object === undefined) return send(response, 404, { reason: "NotFound", message: `${path} not found` });
    if (request.method === "DELETE") this.#delete(path);
    send(response, 200, object);
  }

  #apply({ url, body }: Recorded): Stored {
    const old = this.objects.get(url.pathname);
    const metadata = {
      uid: `uid-${++this.#version}`,
      ...old?.metadata,
      ...(body.metadata as Bag),
      managedFields: [{}],
    };
    const object = { ...old, ...body, metadata };
    if (url.searchParams.get("dryRun") === null) this.objects.set(url.pathname, object);
    return object;
  }

  #delete(path: string): void {
    if (this.holdDeletions) this.change(path, { deleting: true });
    else this.vanish(path);
  }

  #watch(collection: string, response: http.ServerResponse): void {
    const watcher = { collection, response };
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    this.#watchers.add(watcher);
    response.on("close", () => this.#watchers.delete(watcher));
  }

  #tell(type: string, path: string, object: Stored): void {
    for (const { collection, response } of this.#watchers) {
      if (path.startsWith(`${collection}/`)) response.write(`${JSON.stringify({ type, object })}\n`);
    }
  }
}

function send(response: http.ServerResponse, code: number, body: Bag): void {
  response.writeHead(code, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
