/** The files that a node is configured by. They depend on the checkout alone, as they are part of a sandbox's fingerprint. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inBox, type Propagation } from "../box/box.ts";
import { prefix } from "../box/cgroups.ts";
import { addresses, type NodeName } from "../box/network.ts";

export interface NodeSpec {
  readonly name: NodeName;
  readonly propagation: Propagation;
  readonly taints: readonly { readonly key: string; readonly value: string; readonly effect: string }[];
  /** Of its pods; the nodes do not route to each other's pods. */
  readonly podSubnet: string;
}

/** The nodes, as the homelab has them: k3s-w2 is its storage node. */
export const nodeSpecs: readonly NodeSpec[] = [
  {
    name: "k3s-w2",
    propagation: "shared",
    taints: [{ key: "node.longhorn.io/storage", value: "enabled", effect: "NoSchedule" }],
    podSubnet: "10.244.2.0/24",
  },
  { name: "k3s-w1", propagation: "private", taints: [], podSubnet: "10.244.1.0/24" },
];

/** A runtime handler that drops mount propagation. On every node, since it costs nothing until a RuntimeClass names it. */
export const DROPS_PROPAGATION = "runc-drops-propagation";

/** The program of that handler: the one file that a node executes. */
export const DROPPING_PROGRAM = `${DROPS_PROPAGATION}.sh`;

/** A node that is a machine has all that kubelet and containerd expect; a box shares control groups, LSM and rights with others. */
interface Guest {
  /** What containerd starts containers with. */
  readonly starter: "runc" | "crun";
}

/** File name -> text; the node sees them below `inBox.config`. @param guest where it is a virtual machine */
export function nodeFiles(spec: NodeSpec, pauseImage: string, guest?: Guest): Readonly<Record<string, string>> {
  return {
    "containerd.toml": containerd(pauseImage, guest),
    [DROPPING_PROGRAM]: readFileSync(join(import.meta.dirname, DROPPING_PROGRAM), "utf8"),
    "10-pods.conflist": podNetwork(spec),
    "kubelet.json": JSON.stringify(kubelet(spec, guest), null, 2),
  };
}

function containerd(pauseImage: string, guest: Guest | undefined): string {
  const systemd = guest !== undefined;
  const starter = guest ? `\n        BinaryName = "${guest.starter}"` : "";
  // AppArmor is off because its profiles belong to the machine, not to the node; the OOM score because a machine may
  // withhold CAP_SYS_RESOURCE.
  const restricted = guest ? "" : "\n  restrict_oom_score_adj = true\n  disable_apparmor = true";
  return `version = 2
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"${restricted}
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]${starter}
        SystemdCgroup = ${systemd}
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.${DROPS_PROPAGATION}]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.${DROPS_PROPAGATION}.options]
        BinaryName = "${inBox.config}/${DROPPING_PROGRAM}"
        SystemdCgroup = ${systemd}
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${inBox.config}"
`;
}

function podNetwork({ podSubnet }: NodeSpec): string {
  return JSON.stringify({
    cniVersion: "0.4.0",
    name: "pods",
    plugins: [
      { type: "ptp", ipam: { type: "host-local", ranges: [[{ subnet: podSubnet }]], routes: [{ dst: "0.0.0.0/0" }] } },
    ],
  });
}

function kubelet({ name, taints }: NodeSpec, guest: Guest | undefined) {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: addresses[name],
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: false },
      x509: { clientCAFile: `${inBox.config}/ca.crt` },
    },
    // Whoever holds a certificate of the sandbox's own authority: the API server alone.
    authorization: { mode: "AlwaysAllow" },
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    ...(guest ? { cgroupDriver: "systemd" } : inBoxOf(name)),
    evictionHard: {
      "memory.available": "0%",
      "nodefs.available": "0%",
      "nodefs.inodesFree": "0%",
      "imagefs.available": "0%",
    },
    imageGCHighThresholdPercent: 100,
    makeIPTablesUtilChains: false,
    volumePluginDir: "/var/lib/kubelet/volume-plugins",
    resolvConf: "",
    clusterDNS: [addresses.control],
    clusterDomain: "cluster.local",
    registerWithTaints: taints,
    kubeAPIQPS: 100,
    kubeAPIBurst: 200,
    eventRecordQPS: 100,
    eventBurst: 200,
  };
}

const inBoxOf = (name: NodeName) => ({
  cgroupDriver: "cgroupfs",
  // Two kubelets with one root kill each other's pods.
  cgroupRoot: `/${prefix}${name}`,
  failCgroupV1: false,
  failSwapOn: false,
  oomScoreAdj: 0,
  // The node's root is in memory: cAdvisor finds no device to measure, and no limit to evict by.
  localStorageCapacityIsolation: false,
});
