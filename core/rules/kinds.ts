/** The path from an object to its pod spec, by kind, in any group and version: old groups have the same shape. */
export const POD_SPEC_PATHS: Readonly<Record<string, readonly string[]>> = {
  Pod: ["spec"],
  PodTemplate: ["template", "spec"],
  ReplicationController: ["spec", "template", "spec"],
  ReplicaSet: ["spec", "template", "spec"],
  Deployment: ["spec", "template", "spec"],
  StatefulSet: ["spec", "template", "spec"],
  DaemonSet: ["spec", "template", "spec"],
  Job: ["spec", "template", "spec"],
  CronJob: ["spec", "jobTemplate", "spec", "template", "spec"],
};

/** Kinds that hold no pod, so that nobody needs to look through their texts. */
export const PODLESS: ReadonlySet<string> = new Set(["Namespace", "ConfigMap"]);

/** Kinds without a namespace, of Kubernetes itself. */
export const CLUSTER_SCOPED: ReadonlySet<string> = new Set([
  "APIService",
  "CSIDriver",
  "CSINode",
  "CertificateSigningRequest",
  "ClusterRole",
  "ClusterRoleBinding",
  "ClusterTrustBundle",
  "ComponentStatus",
  "CustomResourceDefinition",
  "DeviceClass",
  "FlowSchema",
  "IPAddress",
  "IngressClass",
  "MutatingAdmissionPolicy",
  "MutatingAdmissionPolicyBinding",
  "MutatingWebhookConfiguration",
  "Namespace",
  "Node",
  "PersistentVolume",
  "PriorityClass",
  "PriorityLevelConfiguration",
  "ResourceSlice",
  "RuntimeClass",
  "ServiceCIDR",
  "StorageClass",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "ValidatingWebhookConfiguration",
  "VolumeAttachment",
  "VolumeAttributesClass",
]);

/** `PodPatch` changes a Pod; some versions of the SDK say so in the kind, some only in the type token. */
export const withoutPatch = (kind: string): string => kind.replace(/(?<=.)Patch$/, "");

/** `PodList` holds Pods; a plain `List` holds anything. */
export const listed = (kind: string): string | undefined =>
  kind === "List" ? "" : /^.+List$/.test(kind) ? kind.slice(0, -"List".length) : undefined;

export interface TypeToken {
  readonly apiVersion: string;
  readonly kind: string;
  readonly patch: boolean;
}

/** Reads `kubernetes:apps/v1:DeploymentPatch`; undefined where the type is no object of Kubernetes' API. */
export function typeToken(type: string): TypeToken | undefined {
  const [provider, module = "", kind = "", ...more] = type.split(":");
  if (provider !== "kubernetes" || kind === "" || more.length > 0) return undefined;
  if (!/(^|\/)v\d+((alpha|beta)\d+)?$/.test(module) || /^(helm\.sh|yaml|kustomize|index)(\/|$)/.test(module))
    return undefined;
  const apiVersion = module.startsWith("core/") ? module.slice("core/".length) : module;
  return { apiVersion, kind: withoutPatch(kind), patch: kind !== withoutPatch(kind) };
}
