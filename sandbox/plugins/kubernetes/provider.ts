/** Offline stand-in, used only where the official plugin cannot be installed: Kubernetes objects as Pulumi resources. */
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
import { type Bag, containsUnknown, isUnknown } from "../protocol/values.ts";
import { isNotFound, isRefusedChange, UnreachableError } from "./apiError.ts";
import { Client, type KubeObject } from "./client.ts";
import { Cluster, type Patience } from "./cluster.ts";
import { type DiffSettings, diffObjects, withDrift } from "./diff.ts";
import { connectionFrom } from "./kubeconfig.ts";
import { annotation, idOf, kindOfType, partsOfId, withName } from "./names.ts";
import { waitForFault } from "./readiness.ts";

const DEFAULT_WAIT_SECONDS = 600;
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

  const patience = (operation: Operation, object: Bag): Patience => ({
    signal,
    seconds:
      operation.timeoutSeconds || Number(annotation(object, "pulumi.com/timeoutSeconds")) || DEFAULT_WAIT_SECONDS,
    progress: (message) => reporter.status(operation.urn, message),
  });

  /** What the server would make of it; the inputs themselves where that cannot be asked yet. */
  async function preview(operation: Operation, inputs: Bag, isNew: boolean): Promise<KubeObject> {
    if (unreachable || containsUnknown(inputs)) return inputs;
    try {
      return await (await connecting).apply(inputs, { dryRun: true, signal });
    } catch (error) {
      // Its namespace, or the definition of its kind, may be created by this very program.
      if (isNotFound(error)) return inputs;
      if (isNew && isRefusedChange(error) && (await exists(inputs))) return inputs;
      if (!(error instanceof UnreachableError)) throw error;
      if (!unreachable) reporter.warn(operation.urn, `${error.message} The preview therefore shows the inputs only.`);
      unreachable = true;
      return inputs;
    }
  }

  /** In the preview of a replacement the object that will have gone by then is still there, and refuses the change. */
  async function exists(inputs: Bag): Promise<boolean> {
    return (await (await connecting).read(inputs, signal)) !== undefined;
  }

  async function applyAndWait(operation: Operation, inputs: Bag): Promise<KubeObject> {
    const cluster = await connecting;
    const applied = await cluster.apply(inputs, { dryRun: false, signal });
    return cluster.untilReady(applied, patience(operation, inputs)).finally(() => reporter.status(operation.urn, ""));
  }

  return {
    name: "kubernetes",

    async configure(given) {
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
      const outputs = await (isPreview ? preview(operation, inputs, true) : applyAndWait(operation, inputs));
      return { id: idOf(outputs), outputs };
    },

    async update({ inputs, preview: isPreview, ...operation }: UpdateRequest) {
      return isPreview ? preview(operation, inputs, false) : applyAndWait(operation, inputs);
    },

    async read({ id, type, oldInputs, oldOutputs }: ReadRequest) {
      const identity = identityOf(id, type, oldInputs.kind === undefined ? oldOutputs : oldInputs);
      const live = await (await connecting).read(identity, signal).catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      });
      if (live === undefined) return undefined;
      const isImport = Object.keys(oldInputs).length === 0;
      const inputs = isImport ? importable(live) : (withDrift(oldInputs, oldOutputs, live) as Bag);
      return { id: idOf(live), outputs: live, inputs };
    },

    async delete({ id, type, outputs, ...operation }: DeleteRequest) {
      const identity = identityOf(id, type, outputs);
      await (await connecting).remove(identity, patience({ type, ...operation }, outputs));
    },

    async cancel() {
      cancelled.abort(new Error("The operation was cancelled."));
    },

    secretOutputs: (outputs) => (outputs.kind === "Secret" ? [["data"], ["stringData"]] : []),
  };
}

/** Resources of the SDK that are more than one object, or less: only the official plugin serves them. */
function refusals(type: string, news: Bag): CheckAnswer["failures"] {
  const { apiVersion, kind } = kindOfType(type);
  const kindGiven = textAt(news, "kind") ?? kind;
  if (
    apiVersion.startsWith("helm.sh/") ||
    /^(yaml|kustomize)(\/|$)/.test(apiVersion) ||
    kind.endsWith("Patch") ||
    kindGiven.endsWith("List")
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
  const kept = ["name", "namespace", "labels", "annotations"];
  const entries = Object.entries(isRecord(metadata) ? metadata : {}).filter(([key]) => kept.includes(key));
  return { ...rest, metadata: Object.fromEntries(entries) };
}

function isOn(value: unknown): boolean {
  return value === true || value === "true";
}
