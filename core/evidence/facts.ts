/** Objects of the API as facts: what the causes need of a pod's states and of its node, and nothing else. */
import type { V1ContainerStatus, V1Node, V1Pod } from "@kubernetes/client-node";
import { LABELS } from "../contract/names.ts";
import { type Component, componentNamed } from "../contract/readers.ts";
import type { ContainerFact, NodeFact, PodFact, SystemFact } from "./evidence.ts";
import { specFact } from "./specFact.ts";

export function podFact(pod: V1Pod): PodFact {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  const component = componentNamed(pod.metadata?.labels?.[LABELS.component] ?? "");
  const { reason, message } = pod.status ?? {};
  const created = pod.metadata?.creationTimestamp;
  return {
    name: pod.metadata?.name ?? "",
    component,
    phase: pod.status?.phase ?? "Pending",
    ...(created ? { created: new Date(created).toISOString() } : {}),
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    ...(scheduled?.status === "False" ? { unschedulable: scheduled.message ?? scheduled.reason ?? "" } : {}),
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
    ...(pod.spec ? { spec: specFact(pod.spec, component) } : {}),
    containers: [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].map(
      containerFact,
    ),
  };
}

/**
 * A pod as those that it stands for: where the daemon is a sidecar of its readers' pod, that sidecar is the producer, and the other
 * containers are the consumer.
 */
export function sidesOf(pod: PodFact): readonly PodFact[] {
  const sidecars = pod.spec?.containers.filter(({ sidecar }) => sidecar).map(({ name }) => name) ?? [];
  const { spec } = pod;
  if (!spec || sidecars.length === 0) return [pod];
  const side = (component: Component, own: (name: string) => boolean): PodFact => ({
    ...pod,
    component,
    spec: { ...spec, containers: spec.containers.filter(({ name }) => own(name)) },
    containers: pod.containers.filter(({ name }) => own(name)),
  });
  const regular = spec.containers.filter(({ sidecar }) => !sidecar).map(({ name }) => name);
  return [side("producer", (name) => !regular.includes(name)), side("consumer", (name) => regular.includes(name))];
}

function containerFact({ name, state, lastState, restartCount }: V1ContainerStatus): ContainerFact {
  const before = lastState?.terminated;
  const last = before && { reason: before.reason ?? "", exitCode: before.exitCode };
  const past = last ? { restarts: restartCount ?? 1, last } : {};
  if (state?.running) return { name, state: "running", reason: "", message: "", ...past };
  if (state?.terminated) {
    const { reason = "", message = "", exitCode } = state.terminated;
    return { name, state: "terminated", reason, message, exitCode, ...past };
  }
  const { reason = "", message = "" } = state?.waiting ?? {};
  return { name, state: "waiting", reason, message, ...past };
}

/** @param node the API's node, or undefined where it says there is none */
export function nodeFact(node: V1Node | undefined): NodeFact {
  return {
    exists: node !== undefined,
    ready: node?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false,
    cordoned: node?.spec?.unschedulable ?? false,
    taints: (node?.spec?.taints ?? []).map(({ key, value, effect }) => `${key}=${value ?? ""}:${effect}`),
    ...systemFact(node),
  };
}

/** Of a node's labels only these are kept: the others are its owner's. */
const TELLING = /^(node-role\.kubernetes\.io|microk8s\.io|minikube\.k8s\.io|node\.k0sproject\.io)\//;

function systemFact(node: V1Node | undefined): { readonly system?: SystemFact } {
  const info = node?.status?.nodeInfo;
  if (!info) return {};
  const { providerID } = node.spec ?? {};
  return {
    system: {
      kernel: info.kernelVersion,
      osImage: info.osImage,
      architecture: info.architecture,
      kubelet: info.kubeletVersion,
      runtime: info.containerRuntimeVersion,
      ...(providerID ? { providerId: providerID } : {}),
      labels: Object.entries(node.metadata?.labels ?? {})
        .filter(([key]) => TELLING.test(key))
        .map(([key, value]) => `${key}=${value}`)
        .sort(),
    },
  };
}
