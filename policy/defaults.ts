/** The configuration of each policy. */
export interface PackConfig {
  readonly nodes: readonly string[];
  readonly namespace: string;
  readonly bridge: string;
  /** Empty: none. */
  readonly command: string;
  /** `stack`: everything in the stack is judged; `namespace`: only what touches the test. */
  readonly scope: "stack" | "namespace";
}

/**
 * What the pack allows where its configuration does not say otherwise: the homelab of Pulumi.homelab.yaml, written down a second
 * time on purpose, since a typo in a stack must not change what is allowed. For another cluster, change it here or
 * in the pack's configuration.
 */
export const DEFAULTS: PackConfig = {
  nodes: ["k3s-w2"],
  namespace: "fuse-test",
  bridge: "/tmp/fuse-test-bridge",
  command: "",
  scope: "stack",
};
