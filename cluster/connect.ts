/** The cluster that a command speaks to. */
import { ApiException, KubeConfig, VersionApi } from "@kubernetes/client-node";
import { UserError } from "../base/problem.ts";

/** How long an API server may take to say that it is there, in milliseconds. */
const ANSWER_MS = 10_000;

/**
 * Reads the kubeconfig as kubectl does ($KUBECONFIG, then ~/.kube/config) unless one is named.
 *
 * @throws UserError where there is none, or the context is not in it.
 */
export function connect(options: { readonly kubeconfig?: string | undefined; readonly context?: string | undefined }) {
  const config = new KubeConfig();
  const refused = (key: "kubeconfig" | "context", words: string, remedy: string, Kind = UserError) =>
    new Kind(`${key} = ${JSON.stringify(options[key] ?? "")}: ${words}`, { remedy: `${remedy} ${howToSet(key)}` });
  try {
    if (options.kubeconfig) config.loadFromFile(options.kubeconfig);
    else config.loadFromDefault();
  } catch (error) {
    const file = options.kubeconfig ? "it" : `the kubeconfig ${process.env.KUBECONFIG ?? "of this machine"}`;
    const remedy = "name a kubeconfig that is there, or set KUBECONFIG";
    throw refused("kubeconfig", `${file} cannot be read: ${(error as Error).message}`, remedy);
  }
  // What client-node makes up where there is no kubeconfig at all.
  if (!options.kubeconfig && config.getCurrentContext() === "loaded-context")
    throw refused(
      "kubeconfig",
      "this machine has no kubeconfig, so there is no cluster",
      "name one, or set KUBECONFIG",
      NoClusterError,
    );
  const known = config.getContexts().map(({ name }) => name);
  const remedy =
    known.length > 0 ? `use one of: ${known.join(", ")}` : "name another kubeconfig: it has no context at all";
  const which = options.kubeconfig || process.env.KUBECONFIG || "of this machine";
  if (options.context) {
    if (!known.includes(options.context))
      throw refused("context", `the kubeconfig ${which} has no such context`, remedy);
    config.setCurrentContext(options.context);
  }
  if (!config.getCurrentCluster())
    throw refused("context", `the kubeconfig ${which} has no current context, or one without a cluster`, remedy);
  return config;
}

/** There is nobody to ask: no cluster, or one that does not answer. */
export class NoClusterError extends UserError {}

function howToSet(key: "kubeconfig" | "context"): string {
  const value = key === "context" ? "NAME" : "PATH";
  return `(--${key} ${value}; in a stack: pulumi config set ${key} ${value})`;
}

/**
 * Asks the API server for its version, so that a cluster that does not answer is reported before anything is made.
 *
 * @throws NoClusterError where it does not answer in time, or refuses us.
 */
export async function requireAnswer(config: KubeConfig): Promise<void> {
  const server = config.getCurrentCluster()?.server;
  const context = config.getCurrentContext();
  const signal = AbortSignal.timeout(ANSWER_MS);
  try {
    await Promise.race([
      config.makeApiClient(VersionApi).getCode(),
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(new Error(`nothing within ${ANSWER_MS / 1000} s`))),
      ),
    ]);
  } catch (cause) {
    throw new NoClusterError(
      `context = ${JSON.stringify(context)}: its cluster at ${server} does not answer: ${reasonOf(cause)}`,
      {
        remedy: `see whether \`kubectl version --context ${context}\` comes through, or name another context ${howToSet("context")}`,
        cause,
      },
    );
  }
}

/** An error of a request in one line: the API server's own words, or why there are none. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof ApiException)) {
    // `fetch failed` is all that the outermost error says.
    const { message, cause } = error as Error;
    return cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : message;
  }
  const words = wordsOf(error.body);
  return `HTTP ${error.code}${words && `: ${words}`}`;
}

/** The API server's message; what is no JSON, as of a proxy, as it stands; empty where there is none. */
export function wordsOf(body: unknown): string {
  if (typeof body !== "string") return (body as { message?: string } | undefined)?.message ?? "";
  try {
    return (JSON.parse(body) as { message?: string }).message ?? "";
  } catch {
    return body;
  }
}

/** For a promise's catch: these answers of the API server are no error. */
export const except =
  <T>(codes: readonly number[], instead: T) =>
  (error: unknown): T => {
    if (error instanceof ApiException && codes.includes(error.code)) return instead;
    throw error;
  };
