/** An API server for the tests of the commands: it gives the answers that a test states, and remembers what it was asked. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { KubeConfig } from "@kubernetes/client-node";

export interface Api {
  readonly config: KubeConfig;
  /** `METHOD /path`, in the order they came. */
  readonly requests: string[];
  /** What was sent with each, as text. */
  readonly bodies: string[];
  close(): void;
}

/** @param answers objects by `METHOD /path`; a number is an error of that code, and so is 404 all else */
export async function api(answers: Readonly<Record<string, object | number>>): Promise<Api> {
  const requests: string[] = [];
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    const asked = `${request.method} ${request.url?.split("?")[0]}`;
    requests.push(asked);
    bodies.push(await text(request));
    const answer = answers[asked] ?? 404;
    const [code, body] = typeof answer === "number" ? [answer, { kind: "Status", code: answer }] : [200, answer];
    response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  return { config: await listening(server), requests, bodies, close: () => server.close() };
}

/** Starts a server on loopback. @returns a kubeconfig that leads to it */
export async function listening(server: Server): Promise<KubeConfig> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const config = new KubeConfig();
  const { port } = server.address() as AddressInfo;
  const cluster = { name: "fake", server: `http://127.0.0.1:${port}`, skipTLSVerify: true };
  config.loadFromClusterAndUser(cluster, { name: "nobody" });
  return config;
}
