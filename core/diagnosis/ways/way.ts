/** The ways to the same end where the straight one is barred, the best first: what each stands on, what it costs, how it can hurt. */

/** What a way stands on: where a cause takes it away, every way that stands on it is barred. */
export const GROUNDS = {
  pods: "the node takes pods",
  privileged: "the cluster takes a privileged pod",
  hostPath: "the cluster takes a pod with a hostPath volume",
  kernelFuse: "the node's kernel offers FUSE",
  podFuse: "a container may mount FUSE",
  propagation: "the node and its runtime pass mounts on, between node and containers",
  bridge: "the bridge directory can be used, and passes mounts on",
  readerVolume: "the readers' volume receives what is mounted",
  kernel: "the readers run on the node's own kernel, in its own user namespace",
  together: "the daemon and its readers are on one node",
  open: "the mount lets other users in",
} as const;

export type Ground = keyof typeof GROUNDS;

export interface Way {
  /** Stable: the JSON document names it. */
  readonly id: string;
  /** What is done, as an instruction. */
  readonly text: string;
  readonly costs: string;
  /** What may go wrong with it, in use. */
  readonly hazards?: string;
  readonly standsOn: readonly Ground[];
  /** Why it works where nothing that it stands on is taken away. */
  readonly why: string;
  /** It is a fix of the node: it helps against these causes only. */
  readonly repairs?: readonly string[];
  /** It works only once this was shown, where the table does not say otherwise. */
  readonly proof?: string;
  /** The scenario that shows it, on the node that is asked about. */
  readonly scenario?: string;
  /** It takes the pods elsewhere: it helps against what is wrong with the node alone. */
  readonly leavesNode?: boolean;
}

export const WAYS = [
  {
    id: "shared-root",
    text: "make the node's root mount shared before its kubelet starts, and keep it so over a reboot, as the fix says",
    costs: "root on the node, once",
    standsOn: [],
    why: "the kubelet and the runtime then take the pods as they are",
    repairs: ["node-root-private"],
  },
  {
    id: "shared-bridge",
    text: "bind the bridge directory onto itself on the node and make that mount shared, before the pods start (`mount --bind DIR DIR && mount --make-rshared DIR`)",
    costs: "root on the node, and a unit of your own that does it again at each boot",
    standsOn: [],
    why: "the runtime asks only whether the mount that holds the volume is shared",
    repairs: ["node-root-private", "bridge-mount-private"],
    proof: "this test again, with that directory as `bridge`",
  },
  {
    id: "same-pod",
    text: "run the daemon as a native sidecar (an init container with `restartPolicy: Always`) in the application's own pod, over an emptyDir",
    costs: "a daemon in each application's pod, privileged there, and both are replaced together",
    hazards:
      "a sidecar that dies without unmounting leaves the pod Terminating (kubernetes/kubernetes#129550); the kubelet's clean-up may delete files through a live mount (kubernetes/kubernetes#136504)",
    standsOn: ["pods", "privileged", "kernelFuse", "podFuse", "propagation", "kernel", "open"],
    why: "its volume is the pod's own",
    proof: "the scenario `same-pod` on this node",
    scenario: "same-pod",
  },
  {
    id: "host-daemon",
    text: "run the daemon on the node (a systemd unit), mounting below a directory that pods get as a hostPath with HostToContainer",
    costs: "the daemon is outside of the cluster: a unit on each node, without rollouts",
    standsOn: ["pods", "hostPath", "kernelFuse", "propagation", "bridge", "readerVolume", "kernel", "together", "open"],
    why: "the daemon needs no container, and the readers only receive",
  },
  {
    id: "csi-driver",
    text: "use a CSI driver that mounts this file system",
    costs: "there must be one for it, and somebody to run it",
    hazards:
      "most keep a reader on the dead mount until it is restarted (awslabs/mountpoint-s3-csi-driver#576, juicedata/juicefs-csi-driver#1640)",
    standsOn: ["pods", "kernelFuse", "propagation", "kernel"],
    why: "its own pods mount, below the kubelet's directory, and readers ask for a volume only",
    proof: "the driver on this node, with its daemon killed once",
  },
  {
    id: "network-export",
    text: "export the mount over the network from where it works: SMB, NFS (which needs `fsid=` for FUSE) or WebDAV",
    costs: "a server, its own cache and rights, and the network between",
    standsOn: ["pods"],
    why: "the kubelet mounts an `nfs` volume before the container starts: no mount has to reach a running one",
  },
  {
    id: "same-container",
    text: "run the application in the daemon's own container, one image for both",
    costs: "an image of your own; the application has the daemon's rights, and ends with it",
    standsOn: ["pods", "privileged", "kernelFuse", "podFuse"],
    why: "no mount has to cross anything",
  },
  {
    id: "host-daemon-first",
    text: "run the daemon on the node and start the pods after it has mounted, with a plain hostPath (no mountPropagation)",
    costs: "each reader keeps the mount it was born with: after each restart of the daemon all must be created again",
    hazards:
      "until then they get `Transport endpoint is not connected`; one that starts too early sees, and fills, the plain directory",
    standsOn: ["pods", "hostPath", "kernelFuse", "kernel", "together", "open"],
    why: "a volume is bound with what is mounted in it by then",
  },
  {
    id: "another-node",
    text: "use another node",
    costs: "what is bound to this one moves with it",
    standsOn: [],
    why: "what is wrong is wrong with this node",
    proof: "this test on that node (`--node NAME`)",
    leavesNode: true,
  },
] as const satisfies readonly Way[];

export type WayId = (typeof WAYS)[number]["id"];

/** What people try to the same end, and what never reaches it. */
export const NO_WAYS = [
  {
    id: "recursiveReadOnly",
    wanted: "readers that cannot write",
    why: "it wants mountPropagation None (KEP-3857), and a reader with None sees no mount that comes after its start: only the daemon's own read-only option (`ro`; rclone: `--read-only`) makes the mount read-only",
  },
  {
    id: "readOnly",
    wanted: "readers that cannot write",
    why: "it reaches the volume, not what is mounted below it",
  },
  {
    id: "DirectoryOrCreate in a reader",
    wanted: "readers that start before the daemon",
    why: "on the wrong node, or after a reboot, it makes an empty directory where the bridge is missing, and the reader starts with that: `type: Directory` refuses to start instead",
  },
] as const;
