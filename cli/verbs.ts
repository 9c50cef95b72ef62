/** What this program can do: each verb with its one line of the help, in the help's order. */
export const VERBS = {
  start: "test on each node whether a FUSE mount crosses from pod to pod, say why, and leave nothing behind",
  preview: "pulumi preview, with the policy pack and an engine that has all it needs",
  up: "pulumi up, with the policy pack and an engine that has all it needs",
  destroy: "pulumi destroy, with an engine that has all it needs",
  collect: "watch a test, whoever deployed it, and print the verdict of each node as JSON",
  sweep:
    "remove what a killed run left: pods, namespace, admission policies, mounts on the nodes, the bridge directory",
  export: "write the test into a GitOps checkout for Flux, commented out until you enable it",
  recipe:
    "write a deployment that shares a FUSE mount into a GitOps checkout: daemon, readers, and what keeps them alive",
  check: "judge Kubernetes manifests by the isolation rules",
  diagnose: "name what is wrong with how pods share a FUSE mount: those that run, or their manifests",
  rights: "print the least rights a user of the cluster needs, as Roles and their bindings",
  sandbox: "a real two-node Kubernetes on this machine: up, down, status, ...",
} as const;

export type Verb = keyof typeof VERBS;
