import type { Settings } from "../settings/settings.ts";

/** Every name that an object, a label or a tool must agree on. */
export const PROJECT = "fuse-propagation-test";
export const LABELS = {
  name: "app.kubernetes.io/name",
  component: "app.kubernetes.io/component",
  run: `${PROJECT}/run`,
  node: `${PROJECT}/node`,
  /** Only on the pods of a scenario that has a pair of its own. */
  scenario: `${PROJECT}/scenario`,
} as const;

/** Annotation of the namespace: whose run has it, so that no other one takes it over or away. */
export const OWNER = `${PROJECT}/owner`;

export const PROBE_CONFIG_MAP = "fuse-probe";
export const PRODUCER = "fuse-producer";
export const CONSUMER = "fuse-consumer";
/** The containers of the consumer pod, in the order the kubelet starts them. */
export const CONTROL_CONTAINER = "fuse-control";
export const USER_CONTAINER = "fuse-consumer-user";
export const HARDENED_CONTAINER = "fuse-consumer-hardened";

/**
 * A pod's name: as in the mission for one node, with the scenario as a suffix where it has a pair of its own, and with the
 * node where several are tested.
 */
export function podName(base: string, node: string, settings: Settings, scenario?: string): string {
  return [base, scenario, settings.nodes.length === 1 ? undefined : node].filter(Boolean).join("-");
}

export function labels(
  settings: Settings,
  component: string,
  node?: string,
  scenario?: string,
): Record<string, string> {
  return {
    [LABELS.name]: PROJECT,
    [LABELS.component]: component,
    [LABELS.run]: settings.run,
    ...(node === undefined ? {} : { [LABELS.node]: nodeLabel(node) }),
    ...(scenario === undefined ? {} : { [LABELS.scenario]: scenario }),
  };
}

/** A node's name as a label's value may hold it. */
export const nodeLabel = (node: string): string => node.slice(0, 63).replace(/[^A-Za-z0-9]+$/, "");
