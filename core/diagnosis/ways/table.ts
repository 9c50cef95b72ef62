/** Cause x way out: what each cause takes away, and so which way works, cannot work, or needs a proof of its own. */
import { type Ground, WAYS, type Way, type WayId } from "./way.ts";

export interface Cell {
  readonly answer: "works" | "cannot" | "needs-proof";
  readonly why: string;
  /** What would show it; of needs-proof only. */
  readonly proof?: string;
  /** What is to be minded with this cause, where the way works. */
  readonly mind?: string;
}

/** What scenarios of the same run have shown on the same node, by their names: true where it works. */
export type Shown = Readonly<Record<string, boolean>>;

interface Row {
  /** What is wrong: the node, the cluster's rules, the pods' spec, the daemon's options, or only this run. */
  readonly at: "node" | "cluster" | "pods" | "daemon" | "run";
  /** What the cause takes away, and in which words that bars a way. */
  readonly takes: Partial<Record<Ground, string>>;
  /** Where that alone would say too much or too little. */
  readonly but?: Partial<Record<WayId, Cell>>;
}

const needs = (proof: string, why: string): Cell => ({ answer: "needs-proof", proof, why });
const cannot = (why: string): Cell => ({ answer: "cannot", why });

/** Nothing was asked of the node: nothing is known of any way. */
const nothingAsked = (why: string): Row => ({ at: "run", takes: {}, but: byWay(() => needs("this test again", why)) });

const byWay = (cell: () => Cell): Partial<Record<WayId, Cell>> =>
  Object.fromEntries(WAYS.map(({ id }) => [id, cell()])) as Partial<Record<WayId, Cell>>;

/** kubernetes-csi/csi-driver-smb, deploy/csi-smb-node.yaml: Bidirectional on /var/lib/kubelet. */
const BY_KUBELET: Cell = {
  answer: "works",
  why: "the kubelet mounts an `nfs` volume before the container starts: no mount has to reach a running one",
  mind: "by an `nfs` volume, or a mount that the node has before the pods start: the CSI drivers for SMB and NFS need Bidirectional themselves",
};

const VOID = "this run has shown nothing, for it or against it";
const DAEMON = "the daemon itself failed: until that is repaired it fails everywhere";
const AGAIN = "this test again";

/** By the cause's id; a test holds that every cause has its row. `unknown`: a failure that no cause explains. */
export const ROWS: Readonly<Record<string, Row>> = {
  "node-root-private": {
    at: "node",
    takes: {
      propagation:
        "on a private root mount HostToContainer and Bidirectional are refused alike, on a hostPath as on an emptyDir",
    },
    but: {
      "shared-bridge": {
        answer: "works",
        why: "the runtime asks only whether the mount that holds the volume is shared, and the root may stay private (seen with containerd 1.6 and runc 1.1: grade A)",
      },
      "csi-driver": cannot("its own pods ask for Bidirectional on the kubelet's directory, and are refused as well"),
      "network-export": BY_KUBELET,
    },
  },
  "bridge-mount-private": {
    at: "node",
    takes: {
      bridge: "the mount that holds this directory is private, and HostToContainer of it is refused as well",
    },
  },
  "runtime-drops-propagation": {
    at: "node",
    takes: { propagation: "this runtime takes the pods and drops the propagation that they ask for" },
    but: { "network-export": BY_KUBELET },
  },
  "sandboxed-runtime": {
    at: "pods",
    takes: {
      kernel: "the pods ask for a sandbox: its kernel does not see the node's mounts",
      propagation: "into the sandbox no mount is passed on",
    },
    but: {
      "same-container": needs("the daemon in that sandbox", "whether a sandbox's kernel offers FUSE is its own matter"),
      "network-export": needs("the sandbox with that volume", "how a sandbox gets a volume is its own matter"),
    },
  },
  "lsm-denies": {
    at: "node",
    takes: { podFuse: "the security module denies the container its mount, or the use of it" },
    but: {
      "host-daemon": needs(
        AGAIN,
        "a reader's label may be denied the mount, whoever made it (SELinux: virt_sandbox_use_fusefs)",
      ),
      "host-daemon-first": needs(
        AGAIN,
        "a reader's label may be denied the mount, whoever made it (SELinux: virt_sandbox_use_fusefs)",
      ),
      "network-export": needs("a pod with that volume", "a label may be denied it too (SELinux: virt_use_nfs)"),
    },
  },
  "stacked-mounts": {
    at: "node",
    takes: { bridge: "something else lies over the mount in this directory of the node" },
    but: {
      "host-daemon-first": cannot("something else lies over the mount in this directory of the node"),
    },
  },
  "subpath-used": {
    at: "pods",
    takes: { readerVolume: "its readers mount the bridge, too: without subPath they need no way out" },
  },
  "bridge-not-hostpath": {
    at: "pods",
    takes: { readerVolume: "its readers share a directory of the node, too: with one hostPath they need no way out" },
  },
  "producer-not-bidirectional": { at: "pods", takes: {} },
  "consumer-not-host-to-container": {
    at: "pods",
    takes: { readerVolume: "its readers need HostToContainer, too: with that they need no way out" },
  },
  "peer-group-destroyed": { at: "pods", takes: {} },
  "producer-binds-mountpoint": { at: "pods", takes: {} },
  "consumer-binds-mountpoint": {
    at: "pods",
    takes: {
      readerVolume: "its readers need the directory above the mount point, too: with that they need no way out",
    },
    but: {
      "csi-driver": needs(
        "the driver on this node, with its daemon killed once",
        "its volume is the mount itself, as here: only a driver that repairs the mount after a crash helps",
      ),
    },
  },
  "allow-other-missing": {
    at: "daemon",
    takes: { open: "the mount lets only the daemon's own user in" },
    but: {
      "same-pod": needs(
        "the scenario `same-pod`, with the application as the daemon's user",
        "the mount lets only the daemon's own user in",
      ),
    },
  },
  unknown: {
    at: "node",
    takes: { propagation: "something keeps the mount from the readers, and it is not known what" },
  },

  // ---- inconclusive: what could not be asked here ----
  "producer-not-privileged": {
    at: "pods",
    takes: { privileged: "its container must be privileged, and was not", podFuse: "the container is not privileged" },
  },
  "pod-security-denies": {
    at: "cluster",
    takes: {
      privileged: "the namespace's Pod Security level admits no privileged pod",
      hostPath: "the namespace's Pod Security level admits no hostPath, not even in a reader",
    },
  },
  "node-unavailable": { at: "node", takes: { pods: "the node takes no pods" } },
  "different-nodes": {
    at: "pods",
    takes: { together: "the readers are not on the daemon's node, which a mount never leaves" },
  },
  "host-read-only": {
    at: "node",
    takes: { bridge: "the bridge's directory cannot be made on this node" },
    but: { "host-daemon-first": cannot("the bridge's directory cannot be made on this node") },
  },
  "user-namespace": {
    at: "pods",
    takes: {
      kernel: "with a user namespace of its own a pod does not start with such a volume here, or may not mount",
      podFuse: "in a user namespace of its own a container may not mount",
    },
    but: {
      "network-export": needs(
        "a pod with that volume",
        "not every file system can be mounted into a user namespace; a client in the application can",
      ),
    },
  },
  "fuse-unavailable": { at: "node", takes: { kernelFuse: "this node's kernel offers no FUSE" } },
  "fuse-device-denied": {
    at: "pods",
    takes: { podFuse: "the container may not open /dev/fuse" },
  },
  "producer-never-mounted": nothingAsked(DAEMON),
  "daemon-killed": nothingAsked(DAEMON),
  "daemon-ended": nothingAsked(DAEMON),
  "daemon-slow": nothingAsked(DAEMON),
  "daemon-hung": nothingAsked(DAEMON),
  "no-marker": nothingAsked(DAEMON),
  "fusermount-missing": nothingAsked(DAEMON),
  "mount-limit": nothingAsked("no more mounts can be made, wherever they are from"),
  "admission-refused": nothingAsked("the cluster refuses the pods, and would refuse others that the words name"),
  "image-unavailable": nothingAsked(VOID),
  "tools-missing": nothingAsked(VOID),
  "bridge-in-use": nothingAsked(VOID),
  "stale-mount-left": nothingAsked(VOID),
  "hollow-success": nothingAsked(VOID),
  "marker-changes": nothingAsked(VOID),
  "mounted-too-late": nothingAsked(VOID),
  "control-too-late": nothingAsked(VOID),
  "reader-not-hardened": nothingAsked(VOID),
  "window-over": nothingAsked(VOID),
};

const NO_ROW: Row = nothingAsked(VOID);

export const rowOf = (cause: string): Row => ROWS[cause] ?? NO_ROW;

/** Where a cause stands that is no property of the node: no other node is without it. */
const GOES_ALONG: Readonly<Record<Row["at"], string>> = {
  node: "",
  cluster: "the cluster's rules hold on every node",
  pods: "what is wrong is in the pods, and goes with them",
  daemon: "what is wrong is in the daemon's options, and goes with it",
  run: "",
};

/**
 * Whether a way leads out of a cause.
 *
 * @param shown what scenarios of the same run have shown on the node: a proof goes before what the table derives
 */
export function cellOf(cause: string, way: Way, shown: Shown = {}): Cell {
  const proven = way.scenario === undefined ? undefined : shown[way.scenario];
  if (proven === true) return { answer: "works", why: `proven here, by the scenario ${way.scenario} of this run` };
  if (proven === false) return cannot(`the scenario ${way.scenario} of this run has failed here`);
  const row = rowOf(cause);
  const own = row.but?.[way.id as WayId];
  if (own) return own;
  if (way.repairs && !way.repairs.includes(cause)) return cannot("it repairs what is not broken here");
  if (way.leavesNode && row.at !== "node") return cannot(GOES_ALONG[row.at]);
  const taken = way.standsOn.flatMap((ground) => row.takes[ground] ?? []);
  if (taken.length > 0) return cannot(taken[0] as string);
  return way.proof === undefined ? { answer: "works", why: way.why } : needs(way.proof, way.why);
}
