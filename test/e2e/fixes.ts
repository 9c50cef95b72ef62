/**
 * For each cause that can be provoked, what its printed fix changes. Which of its words are carried out is in
 * core/diagnosis/causes/trials.ts.
 */
import type { Fix } from "./fixed.ts";
import { provocations } from "./provocations.ts";
import { beforeDaemon, bridges, containers, replaceInDriver, TOLERATIONS, volume } from "./provoke.ts";

const hostPath = (bridge: string) => ({ hostPath: { path: bridge, type: "DirectoryOrCreate" } });
/** The first of the provocations of a cause. */
function of(cause: string): Pick<Fix, "cause" | "provocation"> {
  const provocation = provocations.find((one) => one.cause === cause);
  if (!provocation) throw new Error(`nothing provokes ${cause}`);
  return { cause, provocation };
}

/** An application that waits for the mount as the fix of `slow-mount` says. */
const waitingApp = (namespace: string, bridge: string, image: string): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "app", namespace },
  spec: {
    nodeName: "k3s-w2",
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: "app",
        image,
        command: ["sleep", "300"],
        startupProbe: {
          exec: { command: ["sh", "-c", "grep -q ' /data/fuse .* - fuse' /proc/self/mountinfo"] },
          periodSeconds: 1,
          failureThreshold: 60,
        },
        volumeMounts: [{ name: "bridge", mountPath: "/data", mountPropagation: "HostToContainer" }],
      },
    ],
    volumes: [{ name: "bridge", ...hostPath(bridge) }],
  },
});

export const fixes: readonly Fix[] = [
  {
    ...of("consumer-not-host-to-container"),
    change: ({ consumer }) => {
      for (const mount of bridges(consumer)) mount.mountPropagation = "HostToContainer";
    },
  },
  {
    ...of("producer-not-bidirectional"),
    change: ({ producer }) => {
      for (const mount of bridges(producer)) mount.mountPropagation = "Bidirectional";
    },
  },
  {
    ...of("bridge-not-hostpath"),
    change: ({ producer, consumer, bridge }) => {
      for (const pod of [producer, consumer]) volume(pod, hostPath(bridge));
    },
  },
  {
    ...of("producer-not-privileged"),
    change: ({ producer }) => {
      for (const container of containers(producer)) container.securityContext = { privileged: true };
    },
  },
  {
    ...of("pod-security-denies"),
    change: ({ labels }) => {
      labels["pod-security.kubernetes.io/enforce"] = "privileged";
    },
  },
  {
    ...of("admission-refused"),
    extra: ({ namespace }) => [
      {
        apiVersion: "v1",
        kind: "ResourceQuota",
        metadata: { name: "none", namespace },
        spec: { hard: { pods: "10" } },
      },
    ],
  },
  {
    ...of("window-over"),
    change: ({ producer, consumer }, whole) => {
      for (const [pod, { spec }] of [[producer, whole.producer] as const, [consumer, whole.consumer] as const])
        Object.assign(pod.spec ?? {}, { activeDeadlineSeconds: spec?.activeDeadlineSeconds });
    },
  },
  { ...of("marker-changes"), settings: () => ({ markerFile: "film.mkv" }) },
  {
    cause: "no-marker",
    provocation: {
      cause: "no-marker",
      how: "a read-only daemon, and no markerFile",
      settings: {
        driver: "command",
        command: 'echo film >"$SOURCE/film.mkv"; exec bindfs -f -r -o allow_other "$SOURCE" "$MOUNT"',
      },
      quoted: /EROFS|Read-only file system/,
    },
    settings: () => ({ markerFile: "film.mkv" }),
  },
  {
    ...of("consumer-binds-mountpoint"),
    change: ({ consumer, bridge }) => {
      volume(consumer, hostPath(bridge));
      for (const { volumeMounts = [] } of containers(consumer))
        for (const mount of volumeMounts) if (mount.name === "bridge") mount.mountPath = "/bridge";
    },
  },
  {
    ...of("producer-binds-mountpoint"),
    // The probe unmounts what is dead before it mounts.
    change: ({ producer, bridge }) => {
      volume(producer, hostPath(bridge));
      for (const mount of bridges(producer)) mount.mountPath = "/bridge";
    },
  },
  {
    ...of("peer-group-destroyed"),
    change: (all) => replaceInDriver(all, 'umount /bridge && mkdir -p "$1"', 'umount "$1" 2>/dev/null; mkdir -p "$1"'),
  },
  { ...of("stale-mount-left"), onNode: 'umount -l "$BRIDGE"' },
  {
    ...of("fusermount-missing"),
    change: (all) =>
      replaceInDriver(
        all,
        "  PATH=/tmp/bin",
        '  ln -s "$(command -v fusermount3)" /tmp/bin/fusermount\n  PATH=/tmp/bin',
      ),
  },
  {
    ...of("stacked-mounts"),
    onNode: 'while umount -l "$BRIDGE/fuse" 2>/dev/null; do :; done',
    change: ({ scripts, ...all }, whole) => {
      Object.assign(scripts, whole.scripts);
      beforeDaemon({ ...all, scripts }, '  while umount -l "$1" 2>/dev/null; do :; done');
    },
  },
  {
    ...of("subpath-used"),
    change: ({ consumer }) => {
      for (const mount of bridges(consumer)) delete mount.subPath;
    },
  },
  {
    ...of("fuse-device-denied"),
    change: ({ producer }) => {
      for (const container of containers(producer)) container.securityContext = { privileged: true };
      for (const mount of bridges(producer)) mount.mountPropagation = "Bidirectional";
    },
  },
  {
    ...of("allow-other-missing"),
    change: (all) => replaceInDriver(all, 'then set -- "$@";', 'then set -- "$@" --allow-other;'),
  },
  {
    ...of("user-namespace"),
    change: ({ consumer }) => {
      if (consumer.spec) consumer.spec.hostUsers = true;
    },
  },
  {
    ...of("sandboxed-runtime"),
    change: ({ consumer }) => {
      if (consumer.spec) delete consumer.spec.runtimeClassName;
    },
  },
  {
    ...of("runtime-drops-propagation"),
    change: ({ producer }) => {
      if (producer.spec) delete producer.spec.runtimeClassName;
    },
  },
  {
    ...of("different-nodes"),
    change: ({ producer, consumer }) => {
      if (!consumer.spec || !producer.spec?.affinity) throw new Error("the producer has no affinity");
      delete consumer.spec.nodeName;
      consumer.spec.affinity = producer.spec.affinity;
    },
  },
  { ...of("node-unavailable"), settings: () => ({ tolerations: TOLERATIONS }) },
  { ...of("image-unavailable"), settings: ({ images }) => ({ consumerImage: images.producer }) },
  {
    ...of("daemon-killed"),
    settings: () => ({
      resources: { producer: { requests: { cpu: "50m", memory: "64Mi" }, limits: { cpu: "1", memory: "256Mi" } } },
    }),
  },
  {
    ...of("daemon-hung"),
    podsStay: true,
    // systemd mounts this file system at boot, the sandbox's nodes have none.
    onNode: [
      "mount -t fusectl none /sys/fs/fuse/connections || exit 1",
      'connections=$(awk -v point="$BRIDGE/fuse" \'$5 == point { sub("0:", "", $3); print $3 }\' /proc/self/mountinfo)',
      '[ -n "$connections" ] || failed=yes',
      "for N in $connections; do echo 1 > /sys/fs/fuse/connections/$N/abort || failed=yes; done",
      "umount /sys/fs/fuse/connections",
      '[ -z "$failed" ]',
    ].join("\n"),
    change: ({ scripts }, whole) => void Object.assign(scripts, whole.scripts),
  },
  {
    ...of("mount-limit"),
    change: (all) => replaceInDriver(all, "mount_max = 0", "mount_max = 1000"),
  },
  {
    ...of("host-read-only"),
    change: ({ producer, consumer, bridge }) => {
      for (const pod of [producer, consumer]) volume(pod, hostPath(bridge));
    },
  },
  {
    ...of("hollow-success"),
    onNode: 'rm -r "$BRIDGE/fuse"',
    change: ({ scripts }, whole) => void Object.assign(scripts, whole.scripts),
  },
  {
    cause: "producer-never-mounted",
    provocation: {
      cause: "producer-never-mounted",
      how: "an option that the daemon does not know",
      change: (all) => replaceInDriver(all, " --allow-other", " --allow-others"),
      quoted: /unknown flag: --allow-others/,
    },
    change: (all) => replaceInDriver(all, " --allow-others", " --allow-other"),
  },
  of("control-too-late"),
  {
    cause: "mounted-too-late",
    provocation: {
      cause: "mounted-too-late",
      how: "a daemon that mounts after the readers have given up",
      settings: { mountSeconds: 12, markerWaitSeconds: 3 },
      change: (all) => beforeDaemon(all, "  sleep 8"),
      quoted: /mount/,
    },
    settings: () => ({ markerWaitSeconds: 20, collectSeconds: 50 }),
  },
  {
    ...of("slow-mount"),
    extra: ({ namespace, bridge, image }) => [waitingApp(namespace, bridge, image)],
    ready: { pod: "app", afterSeconds: 2 },
  },
  {
    cause: "daemon-not-back",
    provocation: {
      cause: "daemon-not-back",
      how: "a dead mount that nobody takes away",
      settings: {
        scenarios: ["daemon-crash"],
        clearDeadMount: false,
        holdSeconds: 4,
        staleSeconds: 1,
        recoverSeconds: 3,
        collectSeconds: 50,
      },
      quoted: /Transport endpoint is not connected/,
    },
    settings: () => ({ clearDeadMount: true }),
  },
  {
    cause: "bridge-mount-private",
    provocation: {
      cause: "bridge-mount-private",
      how: "the bridge is a mount of its own, and private",
      quoted: /but it is not a shared( or slave)? mount/,
    },
    prepare: 'mkdir -p "$BRIDGE" && mount -t tmpfs none "$BRIDGE" && mount --make-private "$BRIDGE"',
    onNode: "remedy",
    restore: 'umount -l "$BRIDGE"; rmdir "$BRIDGE"',
  },
];
