/** What the causes need of a pod's spec: how it mounts the bridge, and how isolated it is. */
import type { V1Container, V1PodSpec } from "@kubernetes/client-node";
import { BRIDGE_PATH, mountPointIn } from "../contract/bridge.ts";
import type { Variable } from "../contract/environment.ts";
import { type AnyRole, roleNamed } from "../contract/readers.ts";

/** How a container mounts the bridge, or the volume it takes for it. */
export interface BridgeFact {
  readonly volume: string;
  readonly kind: "hostPath" | "emptyDir" | "other";
  /** The hostPath's directory on the node. */
  readonly path?: string;
  readonly mountPath: string;
  readonly subPath?: string;
  readonly propagation: string;
  readonly readOnly: boolean;
  /** Where this container's probe looks for the bridge: its environment's BRIDGE. The FUSE mount is at `fuse` below it. */
  readonly root: string;
}

export interface ContainerSpecFact {
  readonly name: string;
  /** As its records name it. */
  readonly role: AnyRole;
  /** Undefined in evidence of an earlier version. */
  readonly image?: string;
  readonly privileged: boolean;
  /** It is a native sidecar. */
  readonly sidecar?: true;
  /** Undefined where it mounts no bridge at all. */
  readonly bridge?: BridgeFact;
}

export interface PodSpecFact {
  readonly hostUsers?: boolean;
  readonly runtimeClassName?: string;
  /** Undefined in evidence of an earlier version. */
  readonly restartPolicy?: string;
  readonly containers: readonly ContainerSpecFact[];
}

export function specFact(spec: V1PodSpec, component: string): PodSpecFact {
  return {
    ...(spec.hostUsers === undefined ? {} : { hostUsers: spec.hostUsers }),
    ...(spec.runtimeClassName ? { runtimeClassName: spec.runtimeClassName } : {}),
    ...(spec.restartPolicy ? { restartPolicy: spec.restartPolicy } : {}),
    containers: [...(spec.initContainers ?? []).filter(isSidecar), ...spec.containers].map((container) => {
      const bridge = bridgeFact(container, spec.volumes ?? []);
      return {
        name: container.name,
        role: roleNamed(environment(container, "ROLE") ?? component),
        ...(container.image ? { image: container.image } : {}),
        privileged: container.securityContext?.privileged ?? false,
        ...(isSidecar(container) ? { sidecar: true as const } : {}),
        ...(bridge ? { bridge } : {}),
      };
    }),
  };
}

/** Of the init containers those that stay: the kubelet starts the others after them. */
export const isSidecar = ({ restartPolicy }: V1Container): boolean => restartPolicy === "Always";

function bridgeFact(container: V1Container, volumes: NonNullable<V1PodSpec["volumes"]>): BridgeFact | undefined {
  const root = environment(container, "BRIDGE") ?? BRIDGE_PATH;
  const point = mountPointIn(root);
  // The volume that holds the mount point: the one mounted deepest at or above it.
  const mount = (container.volumeMounts ?? [])
    .map((one) => ({ ...one, mountPath: one.mountPath.replace(/(.)\/+$/, "$1") }))
    .filter(({ mountPath }) => point === mountPath || point.startsWith(`${mountPath}/`))
    .sort((a, b) => b.mountPath.length - a.mountPath.length)[0];
  if (!mount) return undefined;
  const volume = volumes.find(({ name }) => name === mount.name);
  return {
    volume: mount.name,
    kind: volume?.hostPath ? "hostPath" : volume?.emptyDir ? "emptyDir" : "other",
    ...(volume?.hostPath ? { path: volume.hostPath.path } : {}),
    mountPath: mount.mountPath,
    ...(mount.subPath ? { subPath: mount.subPath } : {}),
    propagation: mount.mountPropagation ?? "None",
    readOnly: mount.readOnly ?? false,
    root,
  };
}

const environment = ({ env = [] }: V1Container, name: Variable): string | undefined =>
  env.find((one) => one.name === name)?.value;
