/** Pods that run as what made them: a Deployment is known by its pods, whoever may read nothing else. */
import type { V1Pod } from "@kubernetes/client-node";
import type { Manifest } from "../layout/index.ts";
import { POD_SPEC_PATHS } from "../rules/kinds.ts";
import type { LivePod } from "./facts.ts";

export function livePod(pod: V1Pod): LivePod {
  const { namespace = "default", name = "" } = pod.metadata ?? {};
  const { kind, name: owner } = ownerOf(pod) ?? { kind: "Pod", name };
  return {
    pod,
    namespace,
    name,
    node: pod.spec?.nodeName,
    owner: { kind, name: owner, object: `${kind} ${namespace}/${owner}` },
  };
}

function ownerOf({ metadata }: V1Pod): { readonly kind: string; readonly name: string } | undefined {
  const owner = metadata?.ownerReferences?.find(({ controller }) => controller);
  if (!owner || !Object.hasOwn(POD_SPEC_PATHS, owner.kind)) return undefined;
  // A Deployment's ReplicaSet has its name and the hash that is on the pods.
  const hash = metadata?.labels?.["pod-template-hash"];
  return owner.kind === "ReplicaSet" && hash && owner.name.endsWith(`-${hash}`)
    ? { kind: "Deployment", name: owner.name.slice(0, -hash.length - 1) }
    : { kind: owner.kind, name: owner.name };
}

/** A pod that has not ended, and is not on its way out. */
export const isPresent = ({ pod }: LivePod): boolean =>
  pod.metadata?.deletionTimestamp === undefined && !["Succeeded", "Failed"].includes(pod.status?.phase ?? "");

/** The newest pod comes first. */
export const newestFirst = (pods: readonly LivePod[]): LivePod[] => pods.toSorted((a, b) => age(b) - age(a));
const age = ({ pod }: LivePod): number => new Date(pod.metadata?.creationTimestamp ?? 0).getTime();

/** What made the pods as manifests, of each one, as its newest pod has it. */
export function manifestsOf(pods: readonly LivePod[]): Manifest[] {
  const byOwner = Map.groupBy(newestFirst(pods), ({ owner }) => owner.object);
  return [...byOwner.values()].map((own) => {
    const [newest] = own as [LivePod];
    return { file: fileOf(newest), object: manifestOf(newest, own.length) };
  });
}

/** Where the findings of a pod were read. */
export const fileOf = ({ namespace, name, node }: LivePod): string =>
  `Pod ${namespace}/${name}${node ? ` on ${node}` : ""}`;

function manifestOf(one: LivePod, replicas: number): object {
  const { kind, name } = one.owner;
  const metadata = { name, namespace: one.namespace };
  const { labels } = one.pod.metadata ?? {};
  const spec = asked(one.pod);
  if (kind === "Pod") return { kind, metadata: { ...metadata, labels }, spec };
  return { kind, metadata, spec: { replicas, template: { metadata: { labels }, spec } } };
}

/** The spec without the node, where the scheduler chose that. */
function asked({ metadata, spec }: V1Pod): object {
  const { nodeName, ...rest } = spec ?? { containers: [] };
  const isAsked = metadata?.managedFields?.some(
    ({ fieldsV1 }) =>
      (fieldsV1 as { readonly "f:spec"?: object } | undefined)?.["f:spec"] !== undefined && names(fieldsV1),
  );
  return isAsked && nodeName !== undefined ? { nodeName, ...rest } : rest;
}
const names = (fields: object | undefined): boolean =>
  Object.hasOwn((fields as { readonly "f:spec": object })["f:spec"], "f:nodeName");
