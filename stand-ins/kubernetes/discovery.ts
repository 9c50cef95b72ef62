/** Which path of the API server serves a kind, and whether the kind is namespaced. */
import { isRecord } from "../protocol/paths.ts";
import { ApiError, isNotFound } from "./apiError.ts";
import type { Client } from "./client.ts";

export interface Kind {
  /** As in `/api/v1` or `/apis/batch/v1`. */
  readonly root: string;
  /** Plural name in paths, as in `pods`. */
  readonly resource: string;
  readonly namespaced: boolean;
}

export class Discovery {
  readonly #client: Client;
  readonly #groups = new Map<string, Promise<ReadonlyMap<string, Kind>>>();

  constructor(client: Client) {
    this.#client = client;
  }

  /** @throws ApiError (404) when the server does not know the kind: a CustomResourceDefinition may be missing. */
  async find(apiVersion: string, kind: string): Promise<Kind> {
    const found = (await this.#kindsOf(apiVersion)).get(kind);
    if (found !== undefined) return found;
    // A definition may have been created since; ask again next time.
    this.#groups.delete(apiVersion);
    throw new ApiError(
      404,
      `the server has no kind "${kind}" in "${apiVersion}"; is its CustomResourceDefinition installed?`,
      "discovery",
    );
  }

  #kindsOf(apiVersion: string): Promise<ReadonlyMap<string, Kind>> {
    const known = this.#groups.get(apiVersion);
    if (known !== undefined) return known;
    const loading = this.#load(apiVersion);
    this.#groups.set(apiVersion, loading);
    loading.catch(() => this.#groups.delete(apiVersion));
    return loading;
  }

  async #load(apiVersion: string): Promise<ReadonlyMap<string, Kind>> {
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const { resources } = await this.#client.request("GET", root).catch((error: unknown) => {
      if (isNotFound(error)) return { resources: [] };
      throw error;
    });
    const kinds = (Array.isArray(resources) ? resources.filter(isRecord) : [])
      // `pods/status` and its like are parts of a kind, not kinds.
      .filter(({ name }) => typeof name === "string" && !name.includes("/"))
      .map(
        ({ name, kind, namespaced }) =>
          [String(kind), { root, resource: String(name), namespaced: namespaced === true }] as const,
      );
    return new Map(kinds);
  }
}

/** Path of the collection, or of one object in it. */
export function pathOf(kind: Kind, namespace: string | undefined, name?: string): string {
  const scope = kind.namespaced ? `/namespaces/${encodeURIComponent(namespace ?? "default")}` : "";
  return `${kind.root}${scope}/${kind.resource}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;
}
