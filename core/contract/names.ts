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
/** Beginning of the name of a pod with both in it: the scenario's follows. */
export const BOTH = "fuse";
/** The init container that waits for a pair's turn. */
export const TURN = "fuse-turn";
/** The sweep's own pods, by their task: see probe/sweep.sh. */
export const SWEEP_PODS = { check: "fuse-sweep-check", unmount: "fuse-sweep-unmount" } as const;

/**
 * A pod's name: the base alone for one node, with the scenario as a suffix where it has a pair of its own, and with the node
 * where several are tested.
 *
 * @param nodes all that the test is for
 */
export function podName(base: string, node: string, nodes: readonly string[], scenario?: string): string {
  return [base, scenario, nodes.length === 1 ? undefined : node].filter(Boolean).join("-");
}

export function labels(
  { run }: { readonly run: string },
  component: string,
  node?: string,
  scenario?: string,
): Record<string, string> {
  return {
    [LABELS.name]: PROJECT,
    [LABELS.component]: component,
    [LABELS.run]: run,
    ...(node === undefined ? {} : { [LABELS.node]: nodeLabel(node) }),
    ...(scenario === undefined ? {} : { [LABELS.scenario]: scenario }),
  };
}

/** A node's name as a label's value may hold it. */
export const nodeLabel = (node: string): string => node.slice(0, 63).replace(/[^A-Za-z0-9]+$/, "");
