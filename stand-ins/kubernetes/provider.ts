/** Kubernetes objects as Pulumi resources: the requests of the engine, turned into operations on the cluster. */
import { setTimeout as sleep } from "node:timers/promises";
import { isRecord, textAt } from "../protocol/paths.ts";
import type {
  CheckAnswer,
  CheckRequest,
  CreateRequest,
  DeleteRequest,
  DiffRequest,
  Operation,
  Provider,
  ReadRequest,
  Reporter,
  UpdateRequest,
} from "../protocol/provider.ts";
import { NotReadyError } from "../protocol/provider.ts";
import { type Bag, containsUnknown, isUnknown } from "../protocol/values.ts";
import { ApiError, isAlreadyThere, isNotFound, UnreachableError } from "./apiError.ts";
import { Client, type KubeObject } from "./client.ts";
import { Cluster, type WaitOptions } from "./cluster.ts";
import { type DiffSettings, diffObjects, withDrift } from "./diff.ts";
import { connectionFrom } from "./kubeconfig.ts";
import { annotation, idOf, kindOfType, partsOfId, withName } from "./names.ts";
import { refreshFailure, waitForFault } from "./readiness.ts";

const DEFAULT_WAIT_SECONDS = 600;
/** Those of the official plugin, between its attempts to create an object. */
const CREATE_PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 16_000];
const DELETED_CLUSTER_HINT =
  " If the cluster was deleted, PULUMI_K8S_DELETE_UNREACHABLE=true in the environment removes this resource from Pulumi's state.";
/** Without a cluster to ask, these are known to live outside namespaces. */
const CLUSTER_WIDE =
  /^(Namespace|Node|PersistentVolume|StorageClass|Cluster.*|CustomResourceDefinition|.*AdmissionPolicy(Binding)?|.*WebhookConfiguration|PriorityClass|RuntimeClass|IngressClass|CSIDriver|APIService)$/;

export function kubernetesProvider(reporter: Reporter): Provider {
  const cancelled = new AbortController();
  const { signal } = cancelled;
  let connecting: Promise<Cluster> = Promise.reject(
    new Error("The kubernetes provider is used before it is configured."),
  );
  connecting.catch(() => {});
  let settings: DiffSettings = { configMapMutable: false, secretMutable: false };
  let unreachable = false;
  let upsert = false;
  let deleteUnreachable = false;

  const waitOptions = (operation: Operation, object: Bag): WaitOptions => ({
    signal,
    seconds:
      operation.timeoutSeconds || Number(annotation(object, "pulumi.com/timeoutSeconds")) || DEFAULT_WAIT_SECONDS,
    progress: (message) => reporter.status(operation.urn, message),
  });

  /** What the server would make of it; the inputs themselves where that cannot be asked yet. */
  async function preview(inputs: Bag, isNew: boolean): Promise<KubeObject> {
    if (unreachable || containsUnknown(inputs)) return inputs;
    const options = { dryRun: true, signal };
    try {
      const cluster = await connecting;
      return await (isNew && !upsert ? cluster.create(inputs, options) : cluster.apply(inputs, options));
    } catch (error) {
      // Its namespace, or the definition of its kind, may be created by this very program.
      if (isNotFound(error)) return inputs;
      // In the preview of a replacement the object that will have gone by then is still there.
      if (isNew && isAlreadyThere(error)) return inputs;
      if (!(error instanceof UnreachableError)) throw error;
      unreachable = true;
      return inputs;
    }
  }

  async function applyAndWait(operation: Operation, inputs: Bag, isNew: boolean): Promise<KubeObject> {
    const cluster = await connecting;
    const options = { dryRun: false, signal };
    const applied = await (isNew && !upsert
      ? createWithRetries(cluster, operation, inputs)
      : cluster.apply(inputs, options).catch((error: unknown) => refused(cluster, inputs, error)));
    return cluster
      .untilReady(applied, waitOptions(operation, inputs))
      .finally(() => reporter.status(operation.urn, ""));
  }

  /** An update that the server refuses leaves the object as it is, and not as it should be: the next one tries again. */
  async function refused(cluster: Cluster, inputs: Bag, error: unknown): Promise<never> {
    const live = error instanceof ApiError ? await cluster.read(inputs, signal) : undefined;
    if (!live) throw error;
    const words = `the Kubernetes API server reported that "${idOf(live)}" failed to fully initialize or become live`;
    throw new NotReadyError(idOf(live), live, [`${words}: ${(error as Error).message}`]);
  }

  /** Its namespace, or the definition of its kind, may not exist yet: as the official plugin does, this tries again. */
  async function createWithRetries(cluster: Cluster, operation: Operation, inputs: Bag): Promise<KubeObject> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await cluster.create(inputs, { dryRun: false, signal });
      } catch (error) {
        const pause = CREATE_PAUSES_MS[attempt];
        if (!isNotFound(error) || pause === undefined) throw inOfficialWords(error, operation.urn);
        reporter.status(operation.urn, `Retry #${attempt}; creation failed: ${(error as Error).message}`);
        await sleep(pause, undefined, { signal });
      }
    }
  }

  return {
    name: "kubernetes",

    async configure(given) {
      upsert = isOn(given.upsertExistingObjects ?? process.env.PULUMI_K8S_UPSERT_EXISTING_OBJECTS);
      deleteUnreachable = isOn(given.deleteUnreachable ?? process.env.PULUMI_K8S_DELETE_UNREACHABLE);
      settings = {
        configMapMutable: isOn(given.enableConfigMapMutable ?? process.env.PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE),
        secretMutable: isOn(given.enableSecretMutable ?? process.env.PULUMI_K8S_ENABLE_SECRET_MUTABLE),
      };
      // A bad kubeconfig fails the first operation that needs it: a destroy of an empty stack does not.
      connecting = connectionFrom(given).then((connection) => new Cluster(new Client(connection)));
      connecting.catch(() => {});
    },

    async check({ name, type, news, olds }: CheckRequest): Promise<CheckAnswer> {
      const failures = refusals(type, news);
      if (failures.length > 0) return { inputs: news, failures };
      return {
        inputs: await withNamespace(withName({ ...kindOfType(type), ...news }, olds, name), connecting),
        failures,
      };
    },

    diff: ({ oldInputs, news }: DiffRequest) => diffObjects(oldInputs, news, settings),

    async create({ inputs, preview: isPreview, ...operation }: CreateRequest) {
      const outputs = await (isPreview ? preview(inputs, true) : applyAndWait(operation, inputs, true));
      return { id: idOf(outputs), outputs };
    },

    async update({ inputs, preview: isPreview, ...operation }: UpdateRequest) {
      return isPreview ? preview(inputs, false) : applyAndWait(operation, inputs, false);
    },

    async read({ id, type, oldInputs, oldOutputs }: ReadRequest) {
      const identity = identityOf(id, type, oldInputs.kind === undefined ? oldOutputs : oldInputs);
      const live = await (await connecting).read(identity, signal).catch((error: unknown) => {
        if (isNotFound(error) || (deleteUnreachable && error instanceof UnreachableError)) return undefined;
        throw error;
      });
      if (live === undefined) return undefined;
      const isImport = Object.keys(oldInputs).length === 0;
      const inputs = isImport ? importable(live) : (withDrift(oldInputs, oldOutputs, live) as Bag);
      const reasons = isImport ? undefined : refreshFailure(oldInputs, live);
      if (reasons) throw new NotReadyError(idOf(live), live, reasons);
      return { id: idOf(live), outputs: live, inputs };
    },

    // The annotations that the user gave count, not what somebody else has written to the object since.
    async delete({ id, type, inputs, outputs, ...operation }: DeleteRequest) {
      const annotations = isRecord(inputs.metadata) ? inputs.metadata.annotations : undefined;
      const identity = identityOf(id, type, outputs);
      const asDeclared = { ...identity, metadata: { ...(identity.metadata as Bag), annotations } };
      try {
        await (await connecting).remove(asDeclared, waitOptions({ type, ...operation }, inputs));
      } catch (error) {
        if (!(error instanceof UnreachableError)) throw error;
        if (deleteUnreachable) return;
        error.message += DELETED_CLUSTER_HINT;
        throw error;
      }
    },

    async cancel() {
      cancelled.abort(new Error("The operation was cancelled."));
    },

    secretOutputs: (outputs) => (outputs.kind === "Secret" ? [["data"], ["stringData"]] : []),
  };
}

/** What the server said, in the official plugin's sentence. */
function inOfficialWords(error: unknown, urn: string): unknown {
  if (!(error instanceof ApiError)) return error;
  error.message = `resource "${urn}" was not successfully created by the Kubernetes API server: ${error.message}`;
  return error;
}

/** Resources of the SDK that are more than one object, or less: only the official plugin serves them. */
function refusals(type: string, news: Bag): CheckAnswer["failures"] {
  const { apiVersion, kind } = kindOfType(type);
  const givenKind = textAt(news, "kind") ?? kind;
  if (
    apiVersion.startsWith("helm.sh/") ||
    /^(yaml|kustomize)(\/|$)/.test(apiVersion) ||
    kind.endsWith("Patch") ||
    givenKind.endsWith("List")
  ) {
    return [
      {
        property: "kind",
        reason: `${type} needs the official kubernetes plugin; the offline stand-in serves single objects.`,
      },
    ];
  }
  if (news.metadata !== undefined && !isRecord(news.metadata) && !isUnknown(news.metadata)) {
    return [
      { property: "metadata", reason: `expected an object with a name, found ${JSON.stringify(news.metadata)}.` },
    ];
  }
  const fault = waitForFault(news);
  if (fault !== undefined) return [{ property: 'metadata.annotations["pulumi.com/waitFor"]', reason: fault }];
  return textAt(news, "metadata", "generateName") === undefined
    ? []
    : [
        {
          property: "metadata.generateName",
          reason: "server-side apply needs a name: set metadata.name, or leave both out.",
        },
      ];
}

async function withNamespace(inputs: Bag, connecting: Promise<Cluster>): Promise<Bag> {
  const metadata = isRecord(inputs.metadata) ? inputs.metadata : {};
  const kind = textAt(inputs, "kind") ?? "";
  if (metadata.namespace !== undefined || containsUnknown(inputs.kind) || CLUSTER_WIDE.test(kind)) return inputs;
  const cluster = await connecting.catch(() => undefined);
  // An unknown kind may be defined by this very program: then nothing is assumed.
  const namespaced = await cluster?.isNamespaced(textAt(inputs, "apiVersion") ?? "", kind).catch(() => false);
  return namespaced && cluster ? { ...inputs, metadata: { ...metadata, namespace: cluster.namespace } } : inputs;
}

/** The id says which object it is, whatever the state holds besides. */
function identityOf(id: string, type: string, known: Bag): KubeObject {
  const fallback = kindOfType(type);
  const annotations = isRecord(known.metadata) ? known.metadata.annotations : undefined;
  return {
    apiVersion: textAt(known, "apiVersion") ?? fallback.apiVersion,
    kind: textAt(known, "kind") ?? fallback.kind,
    metadata: { ...partsOfId(id), annotations },
  };
}

/** Inputs that describe a live object: all but what only the server sets. */
function importable({ status: _, metadata, ...rest }: KubeObject): Bag {
  const imported = ["name", "namespace", "labels", "annotations"];
  const entries = Object.entries(isRecord(metadata) ? metadata : {}).filter(([key]) => imported.includes(key));
  return { ...rest, metadata: Object.fromEntries(entries) };
}

function isOn(value: unknown): boolean {
  return value === true || value === "true";
}
