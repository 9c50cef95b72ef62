/** The services that must wait until a mount is shared, and what tells them so. */
import type { NodeWords } from "./remedy.ts";

export const DROP_IN = "10-shared-mount.conf";

/** A unit's further lines. ExecStartPre is a list: those that the unit has already stay (systemd.service(5)). */
export const dropIn = (mount: string): string =>
  [
    ...(mount === "/" ? [] : ["[Unit]", `RequiresMountsFor=${mount}`, ""]),
    "[Service]",
    `ExecStartPre=/bin/mount --make-rshared ${mount}`,
  ].join("\n");

/** A service of OpenRC that is over before any kubelet starts; busybox' mount knows the option (OpenRC/openrc#525). */
export const initScript = (mount: string): string =>
  `#!/sbin/openrc-run
description="Make ${mount} a shared mount"
depend() {
  need localmount
  before k3s k3s-agent k0scontroller k0sworker kubelet containerd
}
start() {
  ebegin "Making ${mount} shared"
  mount --make-rshared ${mount}
  eend $?
}`;

/** The unit of the node's kubelet: an agent has another one than a server, where they differ. */
export function unitOf({ kubelet, labels, kubeletRoot }: NodeWords): string {
  const isServer = labels.some((label) => /^node-role\.kubernetes\.io\/(control-plane|master)=/.test(label));
  if (/\+k3s/.test(kubelet)) return isServer ? "k3s" : "k3s-agent";
  if (/\+rke2/.test(kubelet)) return isServer ? "rke2-server" : "rke2-agent";
  if (/\+k0s/.test(kubelet) || kubeletRoot.includes("/k0s/")) return isServer ? "k0scontroller" : "k0sworker";
  if (labels.some((label) => label.startsWith("microk8s.io/")) || kubeletRoot.includes("/snap/microk8s/"))
    return "snap.microk8s.daemon-containerd";
  return "kubelet";
}
