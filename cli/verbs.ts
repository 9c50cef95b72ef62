/** What this program can do: each verb with its one line of the help, in the help's order. */
export const VERBS = {
  start: "test FUSE mount propagation on each node, say why, and leave nothing behind",
  preview: "pulumi preview, with the policy pack and an engine that has all it needs",
  up: "pulumi up, likewise",
  destroy: "pulumi destroy, likewise",
  collect: "watch a run of the test and print the verdict of each node as JSON",
  sweep:
    "remove what a killed run left: pods, namespace, admission policies, mounts on the nodes, the bridge directory",
  export: "write the test into a GitOps checkout, commented out until you enable it",
  check: "judge Kubernetes manifests by the isolation rules",
  rights: "print the least rights a user of the cluster needs, as Roles and their bindings",
  sandbox: "up, down, status ...: a real two-node Kubernetes on this machine",
} as const;

export type Verb = keyof typeof VERBS;
