/**
 * Reads the one connection that a kubeconfig and the provider's settings choose.
 *
 * Certificates, tokens and passwords are read here, as loading the whole client library takes longer than all the rest of
 * the start. Log-ins that need a program or a proxy are left to that library, which is then loaded.
 */
import { existsSync, readFileSync } from "node:fs";
import type { AgentOptions } from "node:https";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { isRecord, textAt } from "../protocol/paths.ts";
import type { Bag } from "../protocol/values.ts";

export interface Connection {
  readonly server: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: AgentOptions;
  /** The context's namespace, else `default`. */
  readonly namespace: string;
  /** For messages: which context of which file. */
  readonly origin: string;
}

interface Source {
  readonly origin: string;
  /** Relative file names in a kubeconfig are relative to it. */
  readonly directory: string;
  readonly content: Bag;
}

type Named = { readonly entry: Bag; readonly source: Source };

/**
 * @param settings the provider's `kubeconfig` (path or contents), `context`, `cluster` and `namespace`.
 * @throws Error saying which file, context, cluster or user is missing or unreadable.
 */
export async function connectionFrom(settings: Bag): Promise<Connection> {
  const sources = readSources(textAt(settings, "kubeconfig"));
  const origin = sources.map((source) => source.origin).join(", ");
  const find = (list: string, name: string) => findNamed(sources, list, name, origin);

  const contextName =
    textAt(settings, "context") ?? sources.map(({ content }) => textAt(content, "current-context")).find(Boolean);
  if (!contextName) throw new Error(`No context is chosen: ${origin} has no current-context; set kubernetes:context.`);
  const context = find("contexts", contextName).entry;
  const cluster = find("clusters", textAt(settings, "cluster") ?? textAt(context, "cluster") ?? "");
  const userName = textAt(context, "user");
  const user = userName ? find("users", userName) : { entry: {}, source: cluster.source };

  const address = textAt(cluster.entry, "server");
  if (!address || !URL.canParse(address)) {
    throw new Error(
      `Cluster of context "${contextName}" in ${origin} has no valid server address: ${address ?? "none"}.`,
    );
  }
  return {
    server: new URL(address),
    namespace: textAt(settings, "namespace") ?? textAt(context, "namespace") ?? "default",
    origin: `context "${contextName}" of ${origin}`,
    ...(await credentials(cluster, user, sources, contextName)),
  };
}

function readSources(kubeconfig: string | undefined): Source[] {
  if (kubeconfig?.trim()) {
    return looksLikePath(kubeconfig)
      ? [readSource(kubeconfig.trim())]
      : [
          {
            origin: "the kubeconfig in the configuration",
            directory: process.cwd(),
            content: parseYaml(kubeconfig, "the kubeconfig"),
          },
        ];
  }
  const fromEnvironment = (process.env.KUBECONFIG ?? "").split(delimiter).filter(Boolean);
  const files = fromEnvironment.length > 0 ? fromEnvironment.filter(existsSync) : [join(homedir(), ".kube", "config")];
  if (files.length === 0)
    throw new Error(`No kubeconfig: KUBECONFIG names ${fromEnvironment.join(", ")}, which is not there.`);
  return files.map(readSource);
}

function looksLikePath(text: string): boolean {
  return !text.trim().includes("\n") && !text.trim().startsWith("{");
}

function readSource(file: string): Source {
  const path = resolve(file.replace(/^~(?=\/)/, homedir()));
  try {
    return { origin: path, directory: dirname(path), content: parseYaml(readFileSync(path, "utf8"), path) };
  } catch (error) {
    throw new Error(`Cannot read the kubeconfig ${path}: ${(error as Error).message}`);
  }
}

function parseYaml(text: string, origin: string): Bag {
  const content: unknown = parse(text);
  if (!isRecord(content))
    throw new Error(`${origin} is not a kubeconfig: expected a mapping with clusters, contexts and users.`);
  return content;
}

/** The first file that has the name wins, as kubectl merges them. */
function findNamed(sources: readonly Source[], list: string, name: string, origin: string): Named {
  const inner = list.slice(0, -1);
  const known: string[] = [];
  for (const source of sources) {
    const entries = source.content[list];
    for (const item of Array.isArray(entries) ? entries.filter(isRecord) : []) {
      const itemName = textAt(item, "name");
      if (itemName === name) return { entry: isRecord(item[inner]) ? item[inner] : {}, source };
      if (itemName) known.push(itemName);
    }
  }
  throw new Error(`${origin} has no ${inner} named "${name}"; it has: ${known.join(", ") || "none"}.`);
}

async function credentials(
  cluster: Named,
  user: Named,
  sources: readonly Source[],
  context: string,
): Promise<Pick<Connection, "headers" | "tls">> {
  if (user.entry.exec ?? user.entry["auth-provider"] ?? cluster.entry["proxy-url"]) {
    return credentialsFromLibrary(sources, context);
  }
  const token = textAt(user.entry, "token") ?? fileText(user, "tokenFile")?.trim();
  const name = textAt(user.entry, "username");
  const basic =
    name === undefined ? undefined : Buffer.from(`${name}:${textAt(user.entry, "password") ?? ""}`).toString("base64");
  const authorization = token ? `Bearer ${token}` : basic && `Basic ${basic}`;
  return {
    headers: authorization ? { authorization } : {},
    tls: {
      ca: pem(cluster, "certificate-authority"),
      cert: pem(user, "client-certificate"),
      key: pem(user, "client-key"),
      servername: textAt(cluster.entry, "tls-server-name"),
      rejectUnauthorized: cluster.entry["insecure-skip-tls-verify"] !== true,
    },
  };
}

async function credentialsFromLibrary(
  sources: readonly Source[],
  context: string,
): Promise<Pick<Connection, "headers" | "tls">> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  const [first] = sources;
  if (first === undefined || sources.length > 1) throw new Error("Log-in by a program needs a single kubeconfig file.");
  config.loadFromString(JSON.stringify(first.content));
  config.makePathsAbsolute(first.directory);
  config.setCurrentContext(context);
  const options: AgentOptions & { headers?: Record<string, string>; auth?: string } = {};
  await config.applyToHTTPSOptions(options);
  return { headers: options.headers ?? {}, tls: options };
}

/** PEM text from `<field>-data` (base64) or the file that `<field>` names. */
function pem(holder: Named, field: string): string | undefined {
  const data = textAt(holder.entry, `${field}-data`);
  return data ? Buffer.from(data, "base64").toString("utf8") : fileText(holder, field);
}

function fileText({ entry, source }: Named, field: string): string | undefined {
  const file = textAt(entry, field);
  return file ? readFileSync(resolve(source.directory, file), "utf8") : undefined;
}
