/** The objects of a recipe, as plain data: only the fields that it sets. */
import type { Namespace, Propagation } from "../manifests/types.ts";
import type { Recipe } from "./settings.ts";

export interface Meta {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Exec {
  readonly exec: { readonly command: readonly string[] };
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
}

export interface RecipeVolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
  readonly mountPropagation?: Propagation;
}

export interface RecipeContainer {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy?: "IfNotPresent";
  readonly command: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly ports?: readonly { readonly containerPort: number }[];
  readonly resources: Recipe["resources"];
  readonly securityContext: object;
  readonly startupProbe?: Exec;
  readonly livenessProbe?: Exec;
  readonly volumeMounts: readonly RecipeVolumeMount[];
}

export type RecipeVolume = { readonly name: string } & (
  | { readonly hostPath: { readonly path: string; readonly type: "Directory" | "DirectoryOrCreate" } }
  | { readonly emptyDir: object }
  | { readonly persistentVolumeClaim: { readonly claimName: string } }
  | { readonly secret: { readonly secretName: string; readonly defaultMode: number } }
);

/** Where the pods run. */
export interface Placement {
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly affinity?: object;
  readonly tolerations?: readonly object[];
}

export interface Deployment {
  readonly apiVersion: "apps/v1";
  readonly kind: "Deployment";
  readonly metadata: Meta;
  readonly spec: {
    readonly replicas: 1;
    readonly strategy: { readonly type: "Recreate" };
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: {
      readonly metadata: Omit<Meta, "name">;
      readonly spec: Placement & {
        readonly automountServiceAccountToken: false;
        readonly enableServiceLinks: false;
        readonly terminationGracePeriodSeconds: number;
        readonly initContainers: readonly RecipeContainer[];
        readonly containers: readonly RecipeContainer[];
        readonly volumes: readonly RecipeVolume[];
      };
    };
  };
}

export interface NetworkPolicy {
  readonly apiVersion: "networking.k8s.io/v1";
  readonly kind: "NetworkPolicy";
  readonly metadata: Meta;
  readonly spec: {
    readonly podSelector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly policyTypes: readonly ["Ingress"];
    readonly ingress: readonly {
      readonly from: readonly { readonly podSelector: Readonly<Record<string, never>> }[];
      readonly ports: readonly { readonly protocol: "TCP"; readonly port: number }[];
    }[];
  };
}

export interface PodDisruptionBudget {
  readonly apiVersion: "policy/v1";
  readonly kind: "PodDisruptionBudget";
  readonly metadata: Meta;
  readonly spec: {
    readonly maxUnavailable: 0;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  };
}

export type RecipeNamespace = Omit<Namespace, "metadata"> & { readonly metadata: Meta };

export type RecipeObject = RecipeNamespace | Deployment | NetworkPolicy | PodDisruptionBudget;
