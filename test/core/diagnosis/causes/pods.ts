/** Pods for tests, with their specs. */
import type { Component, Role } from "../../../../core/contract/readers.ts";
import type { PodFact } from "../../../../core/evidence/evidence.ts";
import { running } from "../../evidence/evidence.ts";

/** The spec of a pod as `podFact` draws it from this project's own objects. */
export function made(
  component: Component,
  more: Partial<PodFact["spec"]> = {},
  path = "/tmp/fuse-test-bridge",
): NonNullable<PodFact["spec"]> {
  const propagation = component === "producer" ? "Bidirectional" : "HostToContainer";
  const roles: readonly Role[] = component === "producer" ? ["producer"] : ["default", "hardened"];
  const containers = roles.map((role) => ({
    name: `fuse-${role}`,
    role,
    privileged: component === "producer",
    bridge: {
      volume: "bridge",
      kind: "hostPath" as const,
      path,
      mountPath: "/bridge",
      propagation,
      readOnly: component !== "producer",
      root: "/bridge",
    },
  }));
  return { containers, ...more };
}

/** A pod whose volume is the mount point, not its parent. */
export function leaf(component: Component = "consumer"): NonNullable<PodFact["spec"]> {
  const containers = made(component).containers.map((container) =>
    container.bridge
      ? { ...container, bridge: { ...container.bridge, path: "/tmp/fuse-test-bridge/fuse", mountPath: "/bridge/fuse" } }
      : container,
  );
  return { containers };
}

export const podsWith = (producer: Partial<PodFact>, consumer: Partial<PodFact> = {}): PodFact[] => [
  { ...running("producer", ["fuse-producer"]), spec: made("producer"), ...producer } as PodFact,
  { ...running("consumer", ["fuse-control", "fuse-consumer"]), spec: made("consumer"), ...consumer } as PodFact,
];
