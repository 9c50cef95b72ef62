/** What is done to an object in the cluster: create, apply, await, read, delete. */
import { textAt, valueAt } from "../protocol/paths.ts";
import { NotReadyError } from "../protocol/provider.ts";
import { ApiError, isNotFound } from "./apiError.ts";
import type { Client, KubeObject } from "./client.ts";
import { Discovery, pathOf } from "./discovery.ts";
import { annotation, idOf } from "./names.ts";
import { readinessOf, warningsAbout } from "./readiness.ts";
import { lookUp, type Place, watchUntil } from "./wait.ts";

const FIELD_MANAGER = "pulumi-kubernetes-offline";

/** The kinds whose deletion the official plugin does not wait for where `pulumi.com/skipAwait` is "true". */
const GOES_UNAWAITED: ReadonlySet<string> = new Set([
  "Namespace",
  "Pod",
  "ReplicationController",
  "DaemonSet",
  "Deployment",
  "StatefulSet",
  "Job",
]);

/** How long a wait may take, and who hears of its progress. */
export interface WaitOptions {
  readonly signal: AbortSignal;
  readonly seconds: number;
  readonly progress: (message: string) => void;
}

export class Cluster {
  readonly #client: Client;
  readonly #discovery: Discovery;

  constructor(client: Client) {
    this.#client = client;
    this.#discovery = new Discovery(client);
  }

  get namespace(): string {
    return this.#client.namespace;
  }

  async isNamespaced(apiVersion: string, kind: string): Promise<boolean> {
    return (await this.#discovery.find(apiVersion, kind)).namespaced;
  }

  /**
   * Creates the object, and never takes over an existing one: a lookup before the apply, where the official plugin posts.
   *
   * @throws ApiError of reason AlreadyExists
   */
  async create(
    inputs: KubeObject,
    options: { readonly dryRun: boolean; readonly signal: AbortSignal },
  ): Promise<KubeObject> {
    const place = await this.#place(inputs);
    if (await lookUp(this.#client, place, options.signal)) {
      const message = `${place.collection.split("/").at(-1)} "${place.name}" already exists`;
      throw new ApiError(409, JSON.stringify({ message, reason: "AlreadyExists" }), `POST ${place.collection}`);
    }
    return this.apply(inputs, options);
  }

  /** Server-side apply: changes the fields that are ours, and creates the object where it does not exist. */
  async apply(
    inputs: KubeObject,
    options: { readonly dryRun: boolean; readonly signal: AbortSignal },
  ): Promise<KubeObject> {
    const { collection, name } = await this.#place(inputs);
    const force =
      annotation(inputs, "pulumi.com/patchForce") === "true" || process.env.PULUMI_K8S_ENABLE_PATCH_FORCE === "true";
    const applied = await this.#client.request("PATCH", `${collection}/${encodeURIComponent(name)}`, {
      query: {
        fieldManager: FIELD_MANAGER,
        // A preview of a replacement would otherwise conflict with the object that is about to go.
        force: String(force || options.dryRun),
        ...(options.dryRun ? { dryRun: "All" } : {}),
      },
      body: inputs,
      contentType: "application/apply-patch+yaml",
      signal: options.signal,
    });
    return withoutBookkeeping(applied);
  }

  /**
   * The object once it is ready, at once when the annotation `pulumi.com/skipAwait` says so.
   *
   * @throws NotReadyError with the reasons when it fails, the time is over, or the wait is cancelled.
   */
  async untilReady(applied: KubeObject, wait: WaitOptions): Promise<KubeObject> {
    if (skipsAwait(applied)) return applied;
    let latest = applied;
    let reported = "";
    const examine = (object: KubeObject | undefined) => {
      if (object === undefined) throw new NotReadyError(idOf(applied), latest, ["it was deleted while it was awaited"]);
      // Items of a list name neither.
      latest = withoutBookkeeping({ ...object, apiVersion: applied.apiVersion, kind: applied.kind });
      const { state, reasons } = readinessOf(latest);
      const line = reasons.at(-1) ?? "";
      if (line && line !== reported) wait.progress(`waiting: ${line}`);
      reported = line;
      return state === "waiting" ? undefined : state;
    };
    if (examine(applied) === "ready") return latest;
    const timeout = AbortSignal.timeout(wait.seconds * 1000);
    try {
      const state = await watchUntil(
        this.#client,
        await this.#place(applied),
        AbortSignal.any([wait.signal, timeout]),
        examine,
      );
      if (state === "ready") return latest;
    } catch (error) {
      if (!timeout.aborted && !wait.signal.aborted) throw asNotReady(error, latest);
    }
    const ending = wait.signal.aborted
      ? ["the wait was cancelled"]
      : timeout.aborted
        ? [`not ready after ${wait.seconds} s`]
        : [];
    const reasons = [...ending, ...readinessOf(latest).reasons, ...(await warningsAbout(this.#client, latest))];
    throw new NotReadyError(idOf(latest), latest, reasons);
  }

  /** The live object, or undefined. */
  async read(identity: KubeObject, signal: AbortSignal): Promise<KubeObject | undefined> {
    const found = await lookUp(this.#client, await this.#place(identity), signal);
    return found && withoutBookkeeping(found);
  }

  /**
   * Deletes the object and waits until it, and in the foreground what it owns, is gone. An absent object is no error.
   * As in the official plugin, `pulumi.com/skipAwait` skips this wait too, for the kinds it does so there.
   *
   * @throws Error naming the finalizers that are left when the time is over.
   */
  async remove(identity: KubeObject, wait: WaitOptions): Promise<void> {
    const propagationPolicy = propagation(annotation(identity, "pulumi.com/deletionPropagationPolicy"));
    const timeout = AbortSignal.timeout(wait.seconds * 1000);
    const signal = AbortSignal.any([wait.signal, timeout]);
    let latest: KubeObject = {};
    try {
      const place = await this.#place(identity);
      const path = `${place.collection}/${encodeURIComponent(place.name)}`;
      const answer = await this.#client.request("DELETE", path, {
        body: { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy },
        signal,
      });
      if (skipsAwait(identity) && GOES_UNAWAITED.has(textAt(identity, "kind") ?? "")) return;
      // The answer is the object when it has to wait for something, else a Status holding its uid.
      const uid = textAt(answer, "metadata", "uid") ?? textAt(answer, "details", "uid");
      await watchUntil(this.#client, place, signal, (object) => {
        // Items of a list do not name their kind.
        latest = { ...object, kind: identity.kind };
        // Another uid is another object of the same name: ours is gone.
        if (object === undefined || textAt(object, "metadata", "uid") !== uid) return true;
        const reason = holdUps(latest);
        if (reason) wait.progress(`still there: ${reason}`);
        return undefined;
      });
    } catch (error) {
      if (isNotFound(error)) return;
      if (!timeout.aborted) throw error;
      const reason = holdUps(latest) ?? "its shutdown has not ended";
      throw new Error(`${idOf(identity)} is still there ${wait.seconds} s after its deletion: ${reason}.`);
    }
  }

  async #place(object: KubeObject): Promise<Place> {
    const kind = await this.#discovery.find(textAt(object, "apiVersion") ?? "", textAt(object, "kind") ?? "");
    const namespace = textAt(object, "metadata", "namespace") ?? this.namespace;
    return { collection: pathOf(kind, namespace), name: textAt(object, "metadata", "name") ?? "" };
  }
}

function skipsAwait(object: KubeObject): boolean {
  return annotation(object, "pulumi.com/skipAwait") === "true";
}

/** Who owns which field is of no use in a state file, and long. */
function withoutBookkeeping(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata as KubeObject;
  return { ...object, metadata };
}

function asNotReady(error: unknown, latest: KubeObject): NotReadyError {
  return error instanceof NotReadyError ? error : new NotReadyError(idOf(latest), latest, [(error as Error).message]);
}

/** What holds back the end of a deleted object; undefined for nothing but its own shutdown. */
function holdUps(object: KubeObject): string | undefined {
  const finalizers = (valueAt(object, ["metadata", "finalizers"]) as string[] | undefined) ?? [];
  const conditions =
    (valueAt(object, ["status", "conditions"]) as { status: string; message?: string }[] | undefined) ?? [];
  // Every deletion in the foreground has this one for a moment.
  const held = finalizers.filter((finalizer) => finalizer !== "foregroundDeletion").map((name) => `finalizer ${name}`);
  const left =
    object.kind === "Namespace"
      ? conditions.filter(({ status }) => status === "True").map(({ message }) => message)
      : [];
  return [...held, ...left].join("; ") || undefined;
}

function propagation(wanted: string | undefined): string {
  const known = { background: "Background", orphan: "Orphan" } as const;
  return known[wanted?.toLowerCase() as keyof typeof known] ?? "Foreground";
}
