/** One deployment for each cause that can be provoked for real. */
import { DROPS_PROPAGATION } from "../../sandbox/cluster/nodeConfig.ts";
import {
  beforeDaemon,
  beforeProbe,
  bridges,
  containers,
  type Deployment,
  mediaPod,
  type Provocation,
  replaceInDriver,
  runtimeClass,
  volume,
} from "./provoke.ts";

const FUSE_IS_THERE = `until grep -q " $1 .* - fuse" /proc/self/mountinfo; do sleep 0.02; done`;

const propagation = (value: string) => (pods: Deployment["producer"]) => {
  for (const mount of bridges(pods)) mount.mountPropagation = value;
};

/** The pod runs with the handler of the sandbox that drops mount propagation. */
function dropping(side: "producer" | "consumer"): Pick<Provocation, "extra" | "change"> {
  const name = `causes-drops-${side}`;
  return {
    extra: () => [runtimeClass(name, DROPS_PROPAGATION)],
    change: ({ [side]: { spec } }) => {
      if (spec) spec.runtimeClassName = name;
    },
  };
}

/** An AppArmor profile that the machine has loaded (sandbox/cluster/apparmor-profiles), for every container of a pod but the control's. */
function profiled(
  side: "producer" | "consumer",
  profile: string,
): Pick<Provocation, "inMachine" | "settings" | "change"> {
  return {
    inMachine: true,
    // It is emulated.
    settings: { markerWaitSeconds: 120, settleSeconds: 20, mountSeconds: 60, probeSeconds: 10, collectSeconds: 900 },
    change: ({ [side]: pod }) => {
      for (const container of containers(pod).filter(({ name }) => name !== "fuse-control"))
        container.securityContext = {
          ...container.securityContext,
          appArmorProfile: { type: "Localhost", localhostProfile: profile },
        };
    },
  };
}

export const provocations: readonly Provocation[] = [
  {
    cause: "lsm-denies",
    how: "an AppArmor profile of the producer that denies the mount",
    ...profiled("producer", "fuse-test-denies-mount"),
    quoted: /fuse-test-denies-mount \(enforce\)[\s\S]*permission denied/i,
  },
  {
    cause: "lsm-denies",
    how: "an AppArmor profile of the readers that denies what lies in the mount",
    ...profiled("consumer", "fuse-test-denies-reading"),
    quoted: /fuse-test-denies-reading \(enforce\)[\s\S]*EACCES/,
  },
  {
    cause: "node-root-private",
    how: "a node whose root mount is private",
    node: "k3s-w1",
    settings: { tolerations: [] },
    quoted: /is mounted on \\"\/\\" but it is not a shared( or slave)? mount/,
  },
  {
    cause: "runtime-drops-propagation",
    how: "the producer's RuntimeClass is a runc that makes the container's mounts private",
    ...dropping("producer"),
    quoted:
      /runtimeClassName: causes-drops-producer[\s\S]*mountPropagation: Bidirectional[\s\S]* \/bridge rw,[a-z,]*( shared:\d+)? - /,
  },
  {
    cause: "runtime-drops-propagation",
    how: "the same in the consumer",
    ...dropping("consumer"),
    quoted:
      /runtimeClassName: causes-drops-consumer[\s\S]*mountPropagation: HostToContainer[\s\S]* \/bridge r[ow],[a-z,]* - /,
  },
  {
    cause: "consumer-not-host-to-container",
    how: "mountPropagation None in every reader",
    change: ({ consumer }) => propagation("None")(consumer),
    quoted: /mountPropagation: None/,
  },
  {
    cause: "consumer-not-host-to-container",
    how: "the same, and created after the mount: a frozen copy",
    consumerAfter: 0,
    change: ({ consumer }) => propagation("None")(consumer),
    quoted: /mountPropagation: None/,
  },
  {
    cause: "producer-not-bidirectional",
    how: "mountPropagation HostToContainer in the producer",
    change: ({ producer }) => propagation("HostToContainer")(producer),
    quoted: /mountPropagation: HostToContainer[\s\S]* \/bridge\/fuse rw,[a-z,]* - fuse/,
  },
  {
    cause: "bridge-not-hostpath",
    how: "an emptyDir in each pod",
    change: ({ producer, consumer }) => {
      for (const pod of [producer, consumer]) volume(pod, { emptyDir: {} });
    },
    quoted: /volume bridge: emptyDir/,
  },
  {
    cause: "bridge-not-hostpath",
    how: "another hostPath in the consumer",
    change: ({ consumer, bridge }) =>
      volume(consumer, { hostPath: { path: `${bridge}-other`, type: "DirectoryOrCreate" } }),
    after: "rmdir /host/causes-*-other",
    quoted: /-other/,
  },
  {
    cause: "producer-not-privileged",
    how: "privileged: false with Bidirectional",
    change: ({ producer }) => {
      for (const container of containers(producer)) container.securityContext = { privileged: false };
    },
    quoted: /available only to privileged containers/,
  },
  {
    cause: "pod-security-denies",
    how: "the namespace enforces baseline",
    change: ({ labels }) => {
      labels["pod-security.kubernetes.io/enforce"] = "baseline";
    },
    quoted: /violates PodSecurity \\"baseline/,
  },
  {
    cause: "admission-refused",
    how: "a quota that allows no pod in the namespace",
    extra: ({ namespace }) => [
      { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "none", namespace }, spec: { hard: { pods: "0" } } },
    ],
    quoted: /exceeded quota: none/,
  },
  {
    cause: "tools-missing",
    how: "a PATH without any program: no sh",
    change: ({ producer }) => {
      for (const { env = [] } of containers(producer)) env.push({ name: "PATH", value: "/nonexistent" });
    },
    quoted: /\\"sh\\": executable file not found/,
  },
  {
    cause: "window-over",
    how: "a deadline of a second for both pods",
    change: ({ producer, consumer }) => {
      for (const { spec } of [producer, consumer]) if (spec) spec.activeDeadlineSeconds = 1;
    },
    quoted: /DeadlineExceeded/,
  },
  {
    cause: "marker-changes",
    how: "a markerFile that is rewritten ten times a second",
    settings: {
      driver: "command",
      markerFile: "version.txt",
      command:
        'echo film >"$SOURCE/film.mkv"; (while :; do cat /proc/uptime >"$SOURCE/version.txt"; sleep 0.1; done) & RCLONE_CONFIG=/dev/null exec rclone mount "$SOURCE" "$MOUNT" --allow-other --dir-cache-time 0 --attr-timeout 0s',
    },
    quoted: /nonce/,
  },
  {
    cause: "consumer-binds-mountpoint",
    how: "the mount point itself as the consumer's volume, created after the mount; then the daemon dies and returns",
    // Held long enough for a loaded node to make the consumer while the daemon lives.
    settings: {
      scenarios: ["daemon-crash"],
      holdSeconds: 14,
      staleSeconds: 1,
      recoverSeconds: 2,
      markerWaitSeconds: 20,
      collectSeconds: 50,
    },
    consumerAfter: 0,
    change: ({ consumer, bridge }) => {
      volume(consumer, { hostPath: { path: `${bridge}/fuse` } });
      for (const { volumeMounts = [] } of containers(consumer))
        for (const mount of volumeMounts) if (mount.name === "bridge") mount.mountPath = "/bridge/fuse";
    },
    // The second where a look was in flight; and the kubelet's words where it makes the reader so late that the daemon is dead by then.
    quoted: /ENOTCONN|ECONNABORTED|transport endpoint is not connected/i,
  },
  {
    cause: "producer-binds-mountpoint",
    how: "the mount point itself as the producer's volume, with the dead mount of its last daemon",
    before:
      "mkdir -p /host/$ID/fuse /tmp/source; rclone mount /tmp/source /host/$ID/fuse --allow-other --daemon; sleep 0.3; killall -9 rclone; sleep 0.2; stat /host/$ID/fuse || true",
    after: "umount -l /host/$ID/fuse 2>/dev/null || true",
    change: ({ producer, bridge }) => {
      volume(producer, { hostPath: { path: `${bridge}/fuse`, type: "DirectoryOrCreate" } });
      for (const mount of bridges(producer)) mount.mountPath = "/bridge/fuse";
    },
    quoted: /mountPath: \/bridge\/fuse[\s\S]*(transport endpoint is not connected|file exists)/i,
  },
  {
    cause: "peer-group-destroyed",
    how: "the daemon unmounts its volume before it mounts",
    change: (all) => beforeDaemon(all, '  umount /bridge && mkdir -p "$1"'),
    quoted: / \/bridge rw[^;]* shared:\d+ - [\s\S]* \/bridge\/fuse rw,[a-z,]*( shared:\d+)? - fuse/,
  },
  {
    cause: "stale-mount-left",
    how: "a dead FUSE mount on the bridge directory itself",
    before:
      "mkdir -p /host/$ID /tmp/source; rclone mount /tmp/source /host/$ID --daemon; sleep 0.3; killall -9 rclone; sleep 0.2; stat /host/$ID || true",
    after: "umount -l /host/$ID; rmdir /host/$ID",
    quoted: /transport endpoint is not connected|socket not connected|file exists/i,
  },
  {
    cause: "bridge-in-use",
    how: "somebody else's rclone at the mount point",
    extra: ({ namespace, bridge, image }) => [mediaPod(namespace, bridge, image)],
    change: ({ producer }) =>
      beforeProbe(producer, 'until grep -q " /bridge/fuse .* - fuse" /proc/self/mountinfo; do sleep 0.1; done'),
    after: "umount -l /host/$ID/fuse 2>/dev/null || true",
    quoted: /- fuse\.rclone \/srv/,
  },
  {
    cause: "fusermount-missing",
    how: "a PATH with rclone and without fusermount",
    change: (all) =>
      beforeDaemon(
        all,
        '  mkdir -p /tmp/bin && ln -s "$(command -v rclone)" "$(command -v mkdir)" /tmp/bin\n  PATH=/tmp/bin',
      ),
    quoted: /executable file not found/,
  },
  {
    cause: "stacked-mounts",
    how: "a second daemon mounts over the first",
    consumerAfter: 2,
    change: (all) =>
      beforeDaemon(
        all,
        '  (until [ -e "$1/marker" ]; do sleep 0.1; done; sleep 0.5; mkdir -p /tmp/other; RCLONE_CONFIG=/dev/null exec rclone mount /tmp/other "$1" --allow-other --allow-non-empty) >/dev/null 2>&1 &',
      ),
    quoted: / \/bridge\/fuse [\s\S]* \/bridge\/fuse /,
  },
  {
    cause: "subpath-used",
    how: "a subPath in the readers' volume mount",
    change: ({ consumer }) => {
      for (const mount of bridges(consumer)) mount.subPath = "sub";
    },
    quoted: /subPath: sub/,
  },
  {
    cause: "fuse-unavailable",
    how: "/dev/fuse removed in the privileged producer",
    change: ({ producer }) => beforeProbe(producer, "rm -f /dev/fuse"),
    quoted: /\/dev\/fuse opens: no/,
  },
  {
    cause: "fuse-device-denied",
    how: "/dev/fuse as a hostPath and CAP_SYS_ADMIN instead of privileged",
    change: ({ producer }) => {
      propagation("None")(producer);
      producer.spec?.volumes?.push({ name: "dev", hostPath: { path: "/dev/fuse", type: "CharDevice" } });
      for (const container of containers(producer)) {
        container.securityContext = { privileged: false, capabilities: { add: ["SYS_ADMIN"] } };
        container.volumeMounts?.push({ name: "dev", mountPath: "/dev/fuse" });
      }
    },
    quoted: /\/dev\/fuse opens: EPERM/,
  },
  {
    cause: "allow-other-missing",
    how: "the daemon without --allow-other",
    change: (all) => replaceInDriver(all, " --allow-other", ""),
    quoted: /EACCES; [^"]* - fuse/,
  },
  {
    cause: "user-namespace",
    how: "hostUsers: false in the consumer, and a bridge on a file system whose ids cannot be mapped",
    before: "mkdir -p /host/$ID && mount -t ramfs none /host/$ID",
    after: "umount /host/$ID; rmdir /host/$ID",
    change: ({ consumer }) => {
      if (consumer.spec) consumer.spec.hostUsers = false;
    },
    // Recorded on the sandbox's runtimes: one makes no user namespace, one no proc in it, and one may not map the bridge's ids.
    quoted: /hostUsers: false[\s\S]*(MOUNT_ATTR_IDMAP|mounting \\?"proc|does not support user namespaces)/,
  },
  {
    cause: "sandboxed-runtime",
    how: "a RuntimeClass whose handler the node's runtime does not have",
    extra: () => [runtimeClass("causes-gvisor", "runsc")],
    change: ({ consumer }) => {
      if (consumer.spec) consumer.spec.runtimeClassName = "causes-gvisor";
    },
    quoted: /runtimeClassName: causes-gvisor[\s\S]*runsc/,
  },
  {
    cause: "different-nodes",
    how: "the consumer pinned to the other node",
    change: ({ consumer }) => {
      if (consumer.spec) {
        delete consumer.spec.affinity;
        consumer.spec.nodeName = "k3s-w1";
      }
    },
    quoted: /nodeName: k3s-w1/,
  },
  {
    cause: "node-unavailable",
    how: "the node's taint is not tolerated",
    settings: { tolerations: [] },
    quoted: /node\.longhorn\.io\/storage=enabled:NoSchedule/,
  },
  {
    cause: "image-unavailable",
    how: "an image of a registry that does not exist",
    settings: { consumerImage: "registry.invalid/none:1" },
    quoted: /registry\.invalid\/none:1/,
  },
  {
    cause: "daemon-killed",
    how: "a memory limit the daemon does not fit in",
    settings: {
      resources: { producer: { requests: { cpu: "50m", memory: "8Mi" }, limits: { cpu: "1", memory: "10Mi" } } },
    },
    quoted: /exit code 137|OOMKilled/,
  },
  {
    cause: "daemon-killed",
    how: "kill -9 of the daemon as soon as it has mounted",
    change: (all) =>
      beforeDaemon(all, `  me=$(exec sh -c 'echo $PPID'); (${FUSE_IS_THERE}; kill -9 "$me") >/dev/null 2>&1 &`),
    quoted: /exit code 137/,
  },
  {
    cause: "daemon-hung",
    how: "SIGSTOP of the daemon as soon as it has mounted",
    change: (all) =>
      beforeDaemon(all, `  me=$(exec sh -c 'echo $PPID'); (${FUSE_IS_THERE}; kill -STOP "$me") >/dev/null 2>&1 &`),
    quoted: /ETIMEDOUT/,
  },
  {
    cause: "mount-limit",
    how: "a daemon that is not root, with mount_max = 0 in fuse.conf",
    change: (all) => {
      replaceInDriver(all, "exec rclone mount", "exec su -s /bin/sh user -c 'exec rclone \"$@\"' -- rclone mount");
      beforeDaemon(
        all,
        '  printf "user_allow_other\\nmount_max = 0\\n" >/etc/fuse.conf; mkdir -p /tmp/source; chown user "$1" /tmp/source; chmod 666 /dev/fuse; ln -sf /proc/self/mounts /etc/mtab',
      );
    },
    quoted: /too many FUSE filesystems mounted/,
  },
  {
    cause: "host-read-only",
    how: "the bridge on a read-only file system of the node",
    before: "mkdir -p /host/$ID-ro && mount -t tmpfs -o ro none /host/$ID-ro",
    after: "umount /host/$ID-ro; rmdir /host/$ID-ro",
    change: ({ producer, consumer, bridge }) => {
      for (const pod of [producer, consumer])
        volume(pod, { hostPath: { path: `${bridge}-ro/bridge`, type: "DirectoryOrCreate" } });
    },
    quoted: /read-only file system/,
  },
  {
    cause: "slow-mount",
    how: "three seconds before the daemon mounts",
    settings: { mountSeconds: 10, markerWaitSeconds: 15 },
    change: (all) => beforeDaemon(all, "  sleep 3"),
    // Three seconds, less what the first line took, and what a loaded machine adds.
    quoted: /mounted ([2-9]|1\d)\.\d s after/,
  },
  {
    cause: "hollow-success",
    how: "a plain marker, and a daemon that mounts nothing",
    settings: { mountSeconds: 3, markerWaitSeconds: 8 },
    change: (all) => beforeDaemon(all, '  echo "run=manual nonce=0" >"$1/marker"; exec sleep 60'),
    after: "rm -r /host/$ID/fuse",
    quoted: /it is on|tmpfs|overlay|ext4/,
  },
  {
    cause: "producer-never-mounted",
    how: "a daemon that ends at once",
    change: (all) => beforeDaemon(all, "  echo 'the remote does not answer'; exit 3"),
    quoted: /the remote does not answer/,
  },
  {
    cause: "control-too-late",
    how: "the consumer created after the mount, all else right",
    consumerAfter: 0,
    quoted: /nonce/,
  },
];
