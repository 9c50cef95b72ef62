/** What the sandbox is made of in each run of `npm run test:platforms`. */
import type { Platform } from "../../sandbox/platform.ts";

/** Its name is that of its document in docs/platforms. */
export const ROWS: Readonly<Record<string, Platform>> = {
  "sandbox-containerd-1.6": { runtime: "containerd-1.6", kubernetes: "1.34", machine: "box" },
  "sandbox-containerd-2": { runtime: "containerd-2", kubernetes: "1.34", machine: "box" },
  "kubernetes-1.35": { runtime: "containerd-2", kubernetes: "1.35", machine: "box" },
  "kubernetes-1.37": { runtime: "containerd-2", kubernetes: "1.37", machine: "box" },
  "vm-containerd-1.6": { runtime: "containerd-1.6", kubernetes: "1.34", machine: "vm" },
  "vm-containerd-2": { runtime: "containerd-2", kubernetes: "1.34", machine: "vm" },
  "vm-crun": { runtime: "crun", kubernetes: "1.34", machine: "vm" },
  "vm-trixie-containerd-2": { runtime: "containerd-2", kubernetes: "1.34", machine: "vm-trixie" },
};

/** What a run must say of each node, whatever the sandbox is made of: verdict or cause, and grade. */
export const EXPECTED: Readonly<Record<string, string>> = {
  "k3s-w1": "node-root-private C",
  "k3s-w2": "success A",
};
