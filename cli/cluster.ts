/** The cluster a command speaks to, and the two endless reads the collector lives from. */

import http from "node:http";
import https, { type RequestOptions } from "node:https";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiException, KubeConfig, VersionApi, Watch } from "@kubernetes/client-node";
import { UserError } from "./problem.ts";

/** How long to wait before a broken connection is tried again, in milliseconds. */
const RETRY_MS = 150;
/** How long an API server may take to say that it is there, in milliseconds. */
const ANSWER_MS = 10_000;

/**
 * Reads the kubeconfig as kubectl does ($KUBECONFIG, then ~/.kube/config) unless one is named.
 *
 * @throws UserError where there is none, or the context is not in it.
 */
export function connect(options: { readonly kubeconfig?: string | undefined; readonly context?: string | undefined }) {
  const config = new KubeConfig();
  try {
    if (options.kubeconfig) config.loadFromFile(options.kubeconfig);
    else config.loadFromDefault();
  } catch (error) {
    throw new UserError(`the kubeconfig ${options.kubeconfig || "of this machine"} cannot be read: ${String(error)}`, {
      remedy: "name a kubeconfig with --kubeconfig, or set KUBECONFIG",
    });
  }
  // What client-node makes up where there is no kubeconfig at all.
  if (!options.kubeconfig && config.getCurrentContext() === "loaded-context")
    throw new UserError("no cluster is configured: there is no kubeconfig", {
      remedy: "name one with --kubeconfig, or set KUBECONFIG",
    });
  if (options.context) {
    const known = config.getContexts().map(({ name }) => name);
    if (!known.includes(options.context))
      throw new UserError(`there is no context ${options.context} in the kubeconfig`, {
        remedy: known.length > 0 ? `use one of: ${known.join(", ")}` : "the kubeconfig has no context at all",
      });
    config.setCurrentContext(options.context);
  }
  if (!config.getCurrentCluster())
    throw new UserError("no cluster is configured", { remedy: "name a context with --context, or set KUBECONFIG" });
  return config;
}

/**
 * Asks the API server for its version, so that a cluster that does not answer is told before anything is made.
 *
 * @throws UserError where it does not answer in time, or refuses us.
 */
export async function requireAnswer(config: KubeConfig): Promise<void> {
  const server = config.getCurrentCluster()?.server;
  const signal = AbortSignal.timeout(ANSWER_MS);
  const failed = (cause: unknown) =>
    new UserError(
      `the cluster ${config.getCurrentContext()} at ${server} does not answer: ${(cause as Error).message}`,
      {
        remedy: "check the context with `kubectl version`, or name another with --context",
        cause,
      },
    );
  try {
    await Promise.race([
      config.makeApiClient(VersionApi).getCode(),
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(new Error(`no answer within ${ANSWER_MS / 1000} s`))),
      ),
    ]);
  } catch (error) {
    throw failed(error);
  }
}

/** For a promise's catch: these answers of the API server are no error. */
export const except =
  <T>(codes: readonly number[], instead: T) =>
  (error: unknown): T => {
    if (error instanceof ApiException && codes.includes(error.code)) return instead;
    throw error;
  };

/** Follows a collection: what is there first, then each change, until the signal; a broken watch is begun anew. */
export async function follow<T>(
  config: KubeConfig,
  path: string,
  query: Record<string, string>,
  signal: AbortSignal,
  onChange: (type: "ADDED" | "MODIFIED" | "DELETED", object: T) => void,
  onProblem: (error: unknown) => void,
): Promise<void> {
  const watch = new Watch(config);
  while (!signal.aborted) {
    await new Promise<void>((resolve) => {
      const stop = (controller: AbortController) => {
        if (signal.aborted) controller.abort();
        signal.addEventListener("abort", () => controller.abort(), { once: true });
      };
      watch
        .watch(
          path,
          query,
          (type, object: T) => {
            if (type === "ADDED" || type === "MODIFIED" || type === "DELETED") onChange(type, object);
          },
          (error) => {
            if (error && !signal.aborted) onProblem(error);
            resolve();
          },
        )
        .then(stop, (error) => {
          onProblem(error);
          resolve();
        });
    });
    await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Whose log is read. */
export interface LogSource {
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
): Promise<void> {
  // Not client-node's own Log: a connection that breaks ends the whole process there.
  const path = `/api/v1/namespaces/${where.namespace}/pods/${where.pod}/log`;
  const url = new URL(`${config.getCurrentCluster()?.server}${path}`);
  url.searchParams.set("container", where.container);
  url.searchParams.set(where.previous ? "previous" : "follow", "true");
  const options: RequestOptions = { signal };
  await config.applyToHTTPSOptions(options);
  await new Promise<void>((resolve, reject) => {
    const call = url.protocol === "https:" ? https : http;
    const request = call.get(url, options, (response) => {
      response.on("error", () => resolve());
      response.on("close", () => resolve());
      if (response.statusCode === 200)
        return createInterface({ input: response }).on("line", onLine).on("error", resolve);
      response.resume();
      reject(new Error(`the log of ${where.pod}, ${where.container} is not served: HTTP ${response.statusCode}`));
    });
    request.on("error", (error) => (signal.aborted ? resolve() : reject(error)));
  });
}
