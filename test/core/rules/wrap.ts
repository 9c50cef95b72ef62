/** The same pod in everything that can bear one. */
import type { Resource } from "../../../core/rules/index.ts";
import type { Fields } from "./fixtures.ts";

export interface Wrapped {
  readonly as: string;
  readonly object: Fields;
  readonly resource?: Resource;
}

interface Kind {
  readonly kind: string;
  readonly versions: readonly string[];
  wrap(metadata: unknown, template: Fields): Fields;
}

const inTemplate = (metadata: unknown, template: Fields): Fields => ({ metadata, spec: { template } });

/** Every kind that bears pods, with the groups and versions it has ever had. */
const KINDS: readonly Kind[] = [
  { kind: "Pod", versions: ["v1"], wrap: (metadata, { spec }) => ({ metadata, spec }) },
  { kind: "PodTemplate", versions: ["v1"], wrap: (metadata, template) => ({ metadata, template }) },
  { kind: "ReplicationController", versions: ["v1"], wrap: inTemplate },
  { kind: "ReplicaSet", versions: ["apps/v1", "apps/v1beta2", "extensions/v1beta1"], wrap: inTemplate },
  { kind: "Deployment", versions: ["apps/v1", "apps/v1beta1", "apps/v1beta2", "extensions/v1beta1"], wrap: inTemplate },
  { kind: "StatefulSet", versions: ["apps/v1", "apps/v1beta1", "apps/v1beta2"], wrap: inTemplate },
  { kind: "DaemonSet", versions: ["apps/v1", "apps/v1beta2", "extensions/v1beta1"], wrap: inTemplate },
  { kind: "Job", versions: ["batch/v1"], wrap: inTemplate },
  {
    kind: "CronJob",
    versions: ["batch/v1", "batch/v1beta1", "batch/v2alpha1"],
    wrap: (metadata, template) => ({ metadata, spec: { jobTemplate: { spec: { template } } } }),
  },
  // Of a custom resource only the shape is known.
  { kind: "Rollout", versions: ["argoproj.io/v1alpha1"], wrap: inTemplate },
  { kind: "Fleet", versions: ["example.com/v1"], wrap: (metadata, pod) => ({ metadata, spec: { groups: [{ pod }] } }) },
];

/** As a manifest, as a list's entry, as a Pulumi resource, as its Patch and List forms, and with a lying type token. */
export function wrappings({ metadata, spec }: Fields): Wrapped[] {
  return KINDS.flatMap(({ kind, versions, wrap }) =>
    versions.flatMap((apiVersion): Wrapped[] => {
      const body = wrap(metadata, { metadata, spec });
      const object = { apiVersion, kind, ...body };
      const module = apiVersion === "v1" ? "core/v1" : apiVersion;
      const token = (suffix: string): Resource => resource(`kubernetes:${module}:${kind}${suffix}`);
      return [
        { as: `${apiVersion} ${kind}`, object },
        { as: `${apiVersion} ${kind} in a List`, object: { apiVersion: "v1", kind: "List", items: [object] } },
        { as: `${apiVersion} ${kind}List`, object: { apiVersion, kind: `${kind}List`, items: [body] } },
        { as: token("").type, object, resource: token("") },
        { as: `${token("").type} without kind`, object: body, resource: token("") },
        { as: token("Patch").type, object, resource: token("Patch") },
        { as: `${token("Patch").type} by kind`, object: { ...object, kind: `${kind}Patch` }, resource: token("Patch") },
        { as: token("List").type, object: { apiVersion, kind: `${kind}List`, items: [body] }, resource: token("List") },
        { as: `${object.kind} as a ConfigMap`, object, resource: resource("kubernetes:core/v1:ConfigMap") },
      ];
    }),
  );
}

const resource = (type: string): Resource => ({ type, name: "planted", component: false });
