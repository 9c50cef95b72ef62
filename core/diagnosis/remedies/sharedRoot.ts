/** A node's root mount made shared so that it stays so over a reboot, for each kind of node. */
import type { NodeWords, Remedy } from "./remedy.ts";
import { DROP_IN, dropIn, initScript, unitOf } from "./units.ts";

/** Everything of a remedy but what is the same for all of its kind. */
type Steps = Pick<Remedy, "now" | "files" | "after" | "remarks">;

export interface SharedRootRecipe {
  readonly id: string;
  readonly title: string;
  /** By what such a node is known, for the docs. */
  readonly knownBy: string;
  matches(node: NodeWords): boolean;
  /** @param mount the mount that is private: `/`, or the one that holds the bridge */
  steps(mount: string, node: NodeWords): Steps;
  readonly tried: boolean;
  readonly sources: readonly string[];
}

const share = (mount: string): string => `mount --make-rshared ${mount}`;
const LOST = "what is done inside of the container is gone when it is started again";

/** From the most particular kind to the most general; the first that matches is given. */
export const RECIPES: readonly SharedRootRecipe[] = [
  {
    id: "docker-desktop",
    title: "Docker Desktop: cannot be made to last",
    knownBy: "OS image `Docker Desktop`, or a kernel `...-linuxkit`",
    matches: ({ osImage, kernel }) => /^Docker Desktop/.test(osImage) || /-linuxkit/.test(kernel),
    steps: () => ({
      now: [],
      files: [],
      after: [],
      remarks: [
        "What macOS or Windows shares into its virtual machine does not propagate, and the machine's own mounts are recreated at each start: test on a node that is Linux itself.",
      ],
    }),
    tried: false,
    sources: [
      "kubernetes-sigs/kind#2700",
      "kubernetes-sigs/kind#2576",
      "kubernetes-sigs/kind#2783",
      "docker/for-mac#3431",
    ],
  },
  {
    id: "talos",
    title: "Talos",
    knownBy: "OS image `Talos (...)`",
    matches: ({ osImage }) => /^Talos\b/.test(osImage),
    steps: () => ({
      now: [],
      files: [
        {
          path: "shared-bridge.yaml",
          text: [
            "machine:",
            "  kubelet:",
            "    extraMounts:",
            "      - destination: /var/mnt/media",
            "        type: bind",
            "        source: /var/mnt/media",
            "        options: [bind, rshared, rw]",
          ].join("\n"),
        },
      ],
      after: ["talosctl --nodes NODE patch machineconfig --patch @shared-bridge.yaml"],
      remarks: [
        "The file is a patch of the machine configuration, on your own machine; choose a bridge below its directory.",
        "While siderolabs/talos#13053 is open each restart of the kubelet doubles the mounts below an rshared extraMount, until ENOSPC: watch `talosctl read /proc/self/mountinfo`, or use a user volume, which needs no extraMount (siderolabs/talos#11218).",
      ],
    }),
    tried: false,
    sources: ["siderolabs/talos#13053", "siderolabs/talos#13355", "siderolabs/talos#11218"],
  },
  {
    id: "k3d",
    title: "k3d, or k3s in a container",
    knownBy: "OS image `K3s ...`",
    matches: ({ osImage, providerId }) => /^K3s\b/i.test(osImage) || /^k3s:\/\/k3d-/.test(providerId),
    steps: (mount) => ({
      now: [`docker exec NODE ${share(mount)}`],
      files: [],
      after: ["K3D_FIX_MOUNTS=1 k3d cluster create NAME"],
      remarks: [
        `Only a cluster made with that variable keeps it (since k3d-io/k3d#1268; later versions set it by themselves): ${LOST}.`,
      ],
    }),
    tried: false,
    sources: ["k3d-io/k3d#1268", "k3d-io/k3d#1063"],
  },
  {
    id: "kind",
    title: "kind",
    knownBy: "provider id `kind://...`",
    matches: ({ providerId }) => providerId.startsWith("kind://"),
    steps: (mount) => ({
      now: [`docker exec NODE ${share(mount)}`],
      files: [],
      after: [],
      remarks: [
        `The node image's own entry point does this at each start: a root that is private all the same comes from something else. What is mounted from outside (extraMounts) propagates only as Docker's machine allows; ${LOST}.`,
      ],
    }),
    tried: false,
    sources: ["kubernetes-sigs/kind images/base/files/usr/local/bin/entrypoint", "kubernetes-sigs/kind#2700"],
  },
  {
    id: "wsl",
    title: "Windows Subsystem for Linux",
    knownBy: "a kernel `...-microsoft-standard-WSL2`",
    matches: ({ kernel }) => /microsoft/i.test(kernel),
    steps: (mount) => ({
      now: [share(mount)],
      files: [{ path: "/etc/wsl.conf", text: `[boot]\ncommand = "${share(mount)}"` }],
      after: ["wsl.exe --shutdown"],
      remarks: ["If the file is there, add the line to its section `[boot]`."],
    }),
    tried: false,
    sources: ["https://learn.microsoft.com/windows/wsl/wsl-config"],
  },
  {
    id: "openrc",
    title: "OpenRC (Alpine, Gentoo)",
    knownBy: "OS image `Alpine Linux ...` or `Gentoo ...`",
    matches: ({ osImage }) => /^(Alpine|Gentoo)/i.test(osImage),
    steps: (mount) => ({
      now: [share(mount)],
      files: [{ path: "/etc/init.d/shared-root", text: initScript(mount), executable: true }],
      after: ["rc-update add shared-root boot"],
      remarks: ["A script in /etc/local.d would come too late: OpenRC runs those after k3s."],
    }),
    tried: false,
    sources: ["k3s-io/k3s#13386", "OpenRC/openrc#525", "kairos-io/kairos#440", "https://wiki.gentoo.org/wiki/Local.d"],
  },
  {
    id: "lxc",
    title: "LXC (Proxmox, LXD) with systemd",
    knownBy: "a kernel `...-pve`; of LXD the node says nothing",
    matches: ({ kernel }) => /-pve$/.test(kernel),
    steps: (mount, node) => ({
      ...bySystemd(mount, node),
      remarks: [
        "systemd makes the root of a machine shared, and leaves that of a container as the container's manager made it: the files belong into the container.",
        "The container must be allowed to mount: `features: nesting=1`, and for most `lxc.apparmor.profile: unconfined`, in /etc/pve/lxc/ID.conf (Proxmox); `lxc config set NAME security.nesting true` (LXD).",
      ],
    }),
    tried: false,
    sources: ["canonical/microk8s#3253", "rancher-archives/rke#2108", "kubernetes/kubernetes#39282"],
  },
  {
    id: "microk8s",
    title: "MicroK8s",
    knownBy: "the label `microk8s.io/cluster`, or a kubelet root below /var/snap/microk8s",
    matches: ({ labels, kubeletRoot }) =>
      labels.some((label) => label.startsWith("microk8s.io/")) || kubeletRoot.includes("/snap/microk8s/"),
    steps: bySystemd,
    tried: false,
    sources: ["canonical/microk8s#3253", "canonical/microk8s#5125"],
  },
  {
    id: "k0s",
    title: "k0s with systemd",
    knownBy: "a kubelet `...+k0s`, or a kubelet root below /var/lib/k0s",
    matches: ({ kubelet, kubeletRoot }) => /\+k0s/.test(kubelet) || kubeletRoot.includes("/k0s/"),
    steps: bySystemd,
    tried: false,
    sources: ["hetznercloud/csi-driver#536"],
  },
  {
    id: "rke2",
    title: "RKE2",
    knownBy: "a kubelet `...+rke2r1`",
    matches: ({ kubelet }) => /\+rke2/.test(kubelet),
    steps: bySystemd,
    tried: false,
    sources: ["rancher-archives/rke#264 (RKE, in LXD)"],
  },
  {
    id: "k3s",
    title: "k3s with systemd",
    knownBy: "a kubelet `...+k3s1`",
    matches: ({ kubelet }) => /\+k3s/.test(kubelet),
    steps: bySystemd,
    tried: false,
    sources: ["rivet-dev/actors#210"],
  },
  {
    id: "kubelet",
    title: "a kubelet with systemd (kubeadm and others)",
    knownBy: "nothing else of this list",
    matches: ({ kubelet }) => kubelet !== "",
    steps: bySystemd,
    tried: false,
    sources: ["juicedata/juicefs-csi-driver#647", "kubernetes/kubernetes#61058"],
  },
];

function bySystemd(mount: string, node: NodeWords): Steps {
  const unit = unitOf(node);
  return {
    now: [share(mount)],
    files: [{ path: `/etc/systemd/system/${unit}.service.d/${DROP_IN}`, text: dropIn(mount) }],
    after: ["systemctl daemon-reload"],
    remarks: [
      "systemd itself makes a machine's root shared at boot: look for what makes it private again (a container, a unit with MountFlags or PrivateMounts).",
    ],
  };
}

/** What stands on a command line as it is; a path with anything else in it came from a pod's spec, and is not to be copied. */
const PLAIN = /^\/[\w./-]*$/;

/**
 * The remedy for a private mount on this node. Where the node says nothing of itself: only what helps at once.
 *
 * @returns undefined where the mount's path is none that can stand in a command
 */
export function sharedRoot(mount: string, node: NodeWords): Remedy | undefined {
  if (!PLAIN.test(mount)) return undefined;
  const recipe = RECIPES.find((one) => one.matches(node));
  if (!recipe) return { ...UNKNOWN, now: [share(mount)], nowTried: true };
  const { id, title, tried, sources } = recipe;
  const steps = recipe.steps(mount, node);
  return { id, title, ...steps, nowTried: steps.now.join() === share(mount), tried, sources };
}

const UNKNOWN: Omit<Remedy, "now" | "nowTried"> = {
  id: "unknown",
  title: "a node that says nothing of itself",
  files: [],
  after: [],
  remarks: ["docs/troubleshooting.md has the files that make it last, for each kind of node."],
  tried: false,
  sources: [],
};
