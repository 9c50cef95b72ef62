/** How the pods are made: each container's volume, and the spec as the API server has it. */
import type { V1Pod } from "@kubernetes/client-node";
import type { Propagation } from "./mounts.ts";
import { BRIDGE, CONTAINERS, MOUNT, NODE, ROLES, type Role, type World } from "./world.ts";

export type Name = "producer" | Role;

/** Where a container's volume lies on the node, how its spec names that place, and how it asks for it. */
export interface Volume {
  readonly directory: string;
  readonly named: string;
  readonly empty: boolean;
  readonly subPath?: string;
  readonly point: string;
  readonly propagation: Propagation;
}

export function volumeOf({ plan, variation }: World, name: Name): Volume {
  const producer = name === "producer";
  const { pods } = plan;
  const none =
    pods === "readers-none"
      ? !producer && name !== "control"
      : pods === `${name === "producer" ? "producer" : name}-none`;
  const empty = plan.scenario === "empty-dir";
  let propagation: Propagation = producer ? "Bidirectional" : "HostToContainer";
  if (none || empty || (name === "control" && pods !== "control-receives")) propagation = "None";
  if (producer && pods === "producer-one-way") propagation = "HostToContainer";
  const point = variation.leaf ? MOUNT : BRIDGE;
  const usual = { directory: "/tmp/bridge", named: "/tmp/bridge", empty, point, propagation };
  if (empty) return { ...usual, directory: `/kubelet/${producer ? "producer" : "consumer"}` };
  if (pods === "two-names")
    return { ...usual, directory: "/run/fuse", named: producer ? "/run/fuse" : "/var/run/fuse" };
  if (producer) return usual;
  if (pods === "different-nodes") return { ...usual, directory: "/other-node" };
  if (pods === "other-path") return { ...usual, directory: "/tmp/other", named: "/tmp/other" };
  if (pods === "subpath-reader") return { ...usual, directory: "/tmp/bridge/media", subPath: "media" };
  if (pods === "control-off-bridge" && name === "control")
    return { ...usual, directory: "/tmp/elsewhere", named: "/tmp/elsewhere" };
  return usual;
}

/** As core/manifests makes them: only where the scenario means a container to end. */
export const restartPolicyOf = ({ variation }: World, component: "producer" | "consumer"): "OnFailure" | "Never" => {
  const ends = variation.fault === "die" || variation.fault === "oom";
  return (component === "producer" ? ends : variation.readersRestart) ? "OnFailure" : "Never";
};

export function specOf(world: World, component: "producer" | "consumer", placed: boolean): NonNullable<V1Pod["spec"]> {
  const { plan } = world;
  const names: readonly Name[] = component === "producer" ? ["producer"] : ROLES;
  const elsewhere = plan.pods === "different-nodes" && component === "consumer";
  const volumes = names.map((name) => ({ name, volume: volumeOf(world, name) }));
  return {
    restartPolicy: restartPolicyOf(world, component),
    ...(placed ? { nodeName: elsewhere ? "k3s-w1" : NODE } : {}),
    ...(plan.pods === "sandboxed" && component === "consumer" ? { runtimeClassName: "kata" } : {}),
    ...(plan.pods === "user-namespace" ? { hostUsers: false } : {}),
    containers: volumes.map(({ name, volume }) => ({
      name: CONTAINERS[name],
      env: name === "producer" ? [] : [{ name: "ROLE", value: name }],
      securityContext: { privileged: name === "producer" },
      volumeMounts: [
        {
          name: volume.named,
          mountPath: volume.point,
          mountPropagation: volume.propagation,
          ...(volume.subPath ? { subPath: volume.subPath } : {}),
          ...(name === "producer" ? {} : { readOnly: true }),
        },
      ],
    })),
    volumes: [...new Map(volumes.map(({ volume }) => [volume.named, volume])).values()].map(({ named, empty }) =>
      empty ? { name: named, emptyDir: {} } : { name: named, hostPath: { path: named } },
    ),
  };
}
