/**
 * The few Kubernetes objects this project makes, as plain data. Only the fields it sets: the API's own types allow
 * everything, these allow what the test needs.
 */

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Namespace {
  readonly apiVersion: "v1";
  readonly kind: "Namespace";
  readonly metadata: Metadata;
}

export interface ConfigMap {
  readonly apiVersion: "v1";
  readonly kind: "ConfigMap";
  readonly metadata: Metadata;
  readonly data: Readonly<Record<string, string>>;
}

/** Mount propagation of a volume mount: see Kubernetes' documentation of volumes, "Mount propagation". */
export type Propagation = "None" | "HostToContainer" | "Bidirectional";

export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly subPath?: string;
  readonly readOnly?: boolean;
  readonly mountPropagation?: Propagation;
}

export interface SecurityContext {
  readonly privileged?: boolean;
  readonly allowPrivilegeEscalation?: boolean;
  readonly readOnlyRootFilesystem?: boolean;
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly capabilities?: { readonly drop: readonly string[] };
  readonly seccompProfile?: { readonly type: "RuntimeDefault" };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy: "IfNotPresent";
  readonly command: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly resources: {
    readonly requests: Readonly<Record<string, string>>;
    readonly limits: Readonly<Record<string, string>>;
  };
  readonly securityContext: SecurityContext;
  /** Of an init container alone: it is a native sidecar. */
  readonly restartPolicy?: "Always";
  readonly volumeMounts?: readonly VolumeMount[];
  readonly startupProbe?: {
    readonly exec: { readonly command: readonly string[] };
    readonly periodSeconds: number;
    readonly failureThreshold: number;
  };
}

export type Volume =
  | { readonly name: string; readonly hostPath: { readonly path: string; readonly type: "DirectoryOrCreate" } }
  | { readonly name: string; readonly configMap: { readonly name: string } }
  | { readonly name: string; readonly emptyDir: { readonly medium?: "Memory"; readonly sizeLimit: string } }
  | {
      readonly name: string;
      readonly downwardAPI: {
        readonly items: readonly { readonly path: string; readonly fieldRef: { readonly fieldPath: string } }[];
      };
    };

export interface PodSpec {
  readonly affinity: {
    readonly nodeAffinity: {
      readonly requiredDuringSchedulingIgnoredDuringExecution: {
        readonly nodeSelectorTerms: readonly {
          readonly matchFields: readonly {
            readonly key: "metadata.name";
            readonly operator: "In";
            readonly values: readonly string[];
          }[];
        }[];
      };
    };
  };
  readonly tolerations?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly value?: string;
    readonly effect: string;
  }[];
  /** @default true */
  readonly hostUsers?: boolean;
  readonly restartPolicy: "Never" | "OnFailure";
  readonly activeDeadlineSeconds: number;
  readonly terminationGracePeriodSeconds: number;
  readonly automountServiceAccountToken: false;
  readonly enableServiceLinks: false;
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes: readonly Volume[];
}

export interface Pod {
  readonly apiVersion: "v1";
  readonly kind: "Pod";
  readonly metadata: Metadata;
  readonly spec: PodSpec;
}

export type KubeObject = Namespace | ConfigMap | Pod;
