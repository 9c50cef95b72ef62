/** Settings of the kernel that a Kubernetes node is known to change; a box's namespaces do not keep them apart. */
import { readFileSync } from "node:fs";

const names = [
  // Those the kubelet sets (setupKernelTunables).
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/keys/root_maxkeys",
  "kernel/keys/root_maxbytes",
  // What kube-proxy and installers of Kubernetes are known to set.
  "net/netfilter/nf_conntrack_max",
  "fs/inotify/max_user_watches",
  "fs/inotify/max_user_instances",
];

/** Where the test run keeps what they were before it, for the residue check to compare. */
export const settingsBefore = "FUSE_TEST_KERNEL_SETTINGS_BEFORE";

/** One line a setting: `vm/overcommit_memory = 0`. One that this kernel does not have is left out. */
export function kernelSettings(): string[] {
  return names.flatMap((name) => {
    try {
      return [`${name} = ${readFileSync(`/proc/sys/${name}`, "utf8").trim()}`];
    } catch {
      return [];
    }
  });
}
