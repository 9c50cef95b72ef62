/** What the scheduler, the API server and the runtime say, word for word. */
export const NO_ROOM =
  "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match Pod's node affinity/selector.";

export const TAINTED =
  "0/2 nodes are available: 1 node(s) had untolerated taint {node.longhorn.io/storage: enabled}, 1 node(s) didn't match Pod's node affinity/selector.";
export const PSA = 'pods "fuse-producer" is forbidden: violates PodSecurity "baseline:latest": privileged';
export const UNPRIVILEGED =
  'Pod "fuse-producer" is invalid: spec.containers[0].volumeMounts[0].mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers';
export const QUOTA =
  'pods "fuse-producer" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=8, limited: pods=8';
export const IDMAP =
  "failed to create containerd task: failed to set MOUNT_ATTR_IDMAP on /tmp/bridge: invalid argument";
export const notShared = (kind: string, path: string) =>
  `failed to generate container spec: failed to generate spec: path "${path}" is mounted on "/" but it is not a ${kind} mount`;
