/**
 * What the end-to-end tests have done with the fix of each cause and note. `npm run test:fixes` provokes a cause, does what these words
 * of its fix say, and the next run succeeds; a unit test holds the table to the catalogue and to those tests, both ways.
 */
export type Trial =
  /** The words of the fix that were carried out. */
  | { readonly tried: readonly string[] }
  /** Why it was not. */
  | { readonly untried: string };

const tried = (...words: string[]): Trial => ({ tried: words });
const untried = (why: string): Trial => ({ untried: why });

export const trials: Readonly<Record<string, Trial>> = {
  success: untried("there is nothing to fix."),
  "producer-not-privileged": tried("Set securityContext.privileged: true in the container that mounts"),
  "pod-security-denies": tried("Label the namespace pod-security.kubernetes.io/enforce: privileged"),
  "admission-refused": tried("raise the quota"),
  "node-unavailable": tried("add its taints to `tolerations`"),
  "image-unavailable": tried("Check producerImage and consumerImage"),
  "different-nodes": tried("Pin both pods to one node: required node affinity with matchFields metadata.name"),
  "node-root-private": tried("Run `mount --make-rshared /` as root on the node, and test again"),
  "bridge-mount-private": tried("Run `mount --make-rshared` on the node for the mount that the words name"),
  "host-read-only": tried(
    "Set `bridge` to a directory on a writable file system of the node, such as one below /var or /tmp",
  ),
  "tools-missing": untried(
    "the sandbox builds no second image; its tests take the programs away from the PATH of the one they have.",
  ),
  "subpath-used": tried("Drop subPath"),
  "bridge-not-hostpath": tried("Give both pods the same hostPath as their bridge volume"),
  "producer-not-bidirectional": tried("Set mountPropagation: Bidirectional on the bridge in the container that mounts"),
  "consumer-not-host-to-container": tried(
    "Set mountPropagation: HostToContainer on the bridge in every container that reads",
  ),
  "peer-group-destroyed": tried("let the daemon use a sub-directory, which it may unmount freely"),
  "daemon-killed": tried("Raise the producer's memory limit"),
  "producer-binds-mountpoint": tried(
    "Give the producer the parent directory of the mount point as its volume",
    "run `umount -l` before each start of the daemon",
  ),
  "consumer-binds-mountpoint": tried("Give the consumer the parent directory of the mount point as its volume"),
  "user-namespace": tried("Set hostUsers: true"),
  "sandboxed-runtime": tried("Leave runtimeClassName out of both pods"),
  "runtime-drops-propagation": tried("Leave a runtimeClassName out of the pod"),
  "bridge-in-use": untried("no run of the end-to-end tests has shown it yet."),
  "stale-mount-left": tried("`umount -l` on the node the mount that the evidence names", "then test again"),
  "mount-limit": tried("raise fs.mount-max or mount_max in /etc/fuse.conf"),
  "hollow-success": tried("Remove what lies in the bridge directory on the node", "then test again"),
  "marker-changes": tried("Set `markerFile` to a file whose first 64 KiB stay as they are: a media file"),
  "fuse-unavailable": untried(
    "the sandbox's nodes share the kernel of their machine, which has FUSE; the tests take /dev/fuse from the container, and no `modprobe` brings that back.",
  ),
  "fuse-device-denied": tried("Make the producer privileged, with mountPropagation: Bidirectional"),
  "fusermount-missing": tried("link fusermount to fusermount3"),
  "lsm-denies": untried("it is provoked on a virtual machine only, which the tests of the fixes do not start."),
  "mounted-too-late": tried("Raise `markerWaitSeconds` above the time the producer needs to mount"),
  "stacked-mounts": tried(
    "Start one daemon only at a mount point, and let it unmount first",
    "unmount on the node until none is left, and create the pods again",
  ),
  "allow-other-missing": tried("Start the daemon with --allow-other"),
  "daemon-ended": untried("its fix is what the daemon itself reports; no end-to-end test provokes it."),
  "daemon-slow": untried(
    "no end-to-end test provokes it as a cause; the scenario `slow-mount` shows a daemon that is late.",
  ),
  "daemon-hung": tried("Restart the daemon", "`echo 1 > /sys/fs/fuse/connections/N/abort` on the node frees who waits"),
  "no-marker": tried("Set `markerFile` to a file that your daemon's file system holds and that is not empty"),
  "producer-never-mounted": tried("Fix what the daemon reports in the evidence: its image, its options"),
  "control-too-late": tried("Test again, now that the images are on the node"),
  "reader-not-hardened": untried("the sandbox has no webhook and no OpenShift that would change a pod."),
  "window-over": tried("Test again and collect while the pods run"),
  unknown: untried("there is no fix for what nobody has explained."),
  "slow-mount": tried("`grep -q ' /data/fuse .* - fuse' /proc/self/mountinfo`", "as a startup probe"),
  "daemon-not-back": tried("`umount -l` before each start"),
  "daemon-died": untried("its fix is a search; no end-to-end test provokes it."),
  "daemon-not-killed": untried("no end-to-end test provokes it."),
  "producer-not-replaced": untried("its fix is what the evidence says; no end-to-end test provokes it."),
  "not-asked": untried("the end-to-end tests run on the sandbox, where the node is the test's to disturb."),
  "mounts-pile-up": untried("no end-to-end test provokes it: no kernel of the sandbox has let mounts pile up."),
};

export const isTried = (id: string): boolean => "tried" in (trials[id] ?? {});
