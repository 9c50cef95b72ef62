/** Deployments of somebody else, in the layouts that people report: some that are broken, and some that are sound. */
import type { SandboxDocument } from "./sandbox.ts";

export interface Stranger {
  /** Its namespace is this, with `diagnose-` before it. */
  readonly name: string;
  readonly how: string;
  /** What must be found in pods that run; none of them an error that is not here or in `also`. */
  readonly finds: readonly string[];
  /** What may be found beside it: consequences, or the same by another name. */
  readonly also?: readonly string[];
  readonly objects: (at: At) => readonly object[];
  /** Of the namespace. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Shell in the daemon's container, once all is up. */
  readonly fault?: string;
  /** As somebody asks who knows the names; else the pairs are found. */
  readonly named?: true;
}

interface At {
  readonly images: SandboxDocument["images"];
  readonly namespace: string;
  /** The directory of the node. */
  readonly bridge: string;
}

type Fields = Record<string, unknown>;

/** Where the daemon's and the reader's volume are, and where it mounts. */
const MEDIA = "/media";
const POINT = `${MEDIA}/dfs`;
const FILM = "mkdir -p /srv; echo film >/srv/film";
/** In the shell's place: at SIGTERM it unmounts, and a pod whose emptyDir holds a dead mount would stay (kubernetes/kubernetes#129550). */
const SERVE = `${FILM}; mkdir -p ${POINT}; exec rclone mount /srv ${POINT} --allow-other`;
/** Beside the shell: the kernel spares the first process of a container what others of it send. */
const BESIDE = `${FILM}; mkdir -p ${POINT}; rclone mount /srv ${POINT} --allow-other & wait`;
/** As a careful operator starts it: what a predecessor has left is taken away. */
const CLEAN = `umount -l ${POINT} 2>/dev/null; ${SERVE}`;
const GATE = `until grep -q ' ${POINT} .* - fuse' /proc/self/mountinfo; do sleep 0.2; done`;
const LIVENESS = {
  exec: { command: ["sh", "-c", `timeout -s KILL 5 ls ${POINT} >/dev/null`] },
  ...{ periodSeconds: 30, timeoutSeconds: 10, failureThreshold: 20 },
};

interface Made {
  readonly node?: string;
  readonly script?: string;
  readonly mount?: Fields;
  readonly volume?: Fields;
  readonly container?: Fields;
  readonly pod?: Fields;
}

function deployment(name: string, { namespace }: At, pod: Fields): object {
  return {
    ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name, namespace } },
    spec: {
      selector: { matchLabels: { app: name } },
      strategy: { type: "Recreate" },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          terminationGracePeriodSeconds: 5,
          tolerations: [{ key: "node.longhorn.io/storage", operator: "Exists" }],
          ...pod,
        },
      },
    },
  };
}

const pinned = (node = "k3s-w2") => ({ nodeSelector: { "kubernetes.io/hostname": node } });
const hostPath = (path: string) => ({ hostPath: { path, type: "DirectoryOrCreate" } });

function daemonContainer({ images }: At, { script = CLEAN, mount = {}, container = {} }: Made): Fields {
  return {
    name: "rclone",
    image: images.producer,
    command: ["sh", "-c", script],
    env: [{ name: "RCLONE_CONFIG", value: "/dev/null" }],
    securityContext: { privileged: true },
    volumeMounts: [{ name: "media", mountPath: MEDIA, mountPropagation: "Bidirectional", ...mount }],
    ...container,
  };
}

const daemon = (at: At, made: Made = {}): object =>
  deployment("decypharr", at, {
    ...pinned(made.node),
    containers: [daemonContainer(at, made)],
    volumes: [{ name: "media", ...(made.volume ?? hostPath(at.bridge)) }],
    ...made.pod,
  });

function readerContainer({ images }: At, { mount = {}, container = {} }: Made): Fields {
  return {
    name: "sonarr",
    image: images.consumer,
    command: ["sleep", "10000"],
    livenessProbe: LIVENESS,
    volumeMounts: [{ name: "media", mountPath: MEDIA, mountPropagation: "HostToContainer", ...mount }],
    ...container,
  };
}

/** A reader as the recipe has it: it waits for the mount, and asks it with a deadline. */
const reader = (at: At, made: Made = {}, name = "sonarr"): object =>
  deployment(name, at, {
    ...pinned(made.node),
    initContainers: [gate(at)],
    containers: [readerContainer(at, made)],
    // The kubelet makes it for whichever pod comes first.
    volumes: [{ name: "media", ...(made.volume ?? { hostPath: { path: at.bridge, type: "Directory" } }) }],
    ...made.pod,
  });

const gate = ({ images }: At, volume = "media") => ({
  name: "wait",
  image: images.consumer,
  command: ["sh", "-c", GATE],
  volumeMounts: [{ name: volume, mountPath: MEDIA, mountPropagation: "HostToContainer" }],
});

/** A reader that starts whether or not the mount is there. */
const hasty = (at: At, made: Made = {}): object =>
  reader(at, {
    ...made,
    volume: made.volume ?? hostPath(at.bridge),
    pod: { initContainers: [], ...made.pod },
    container: { livenessProbe: undefined, ...made.container },
  });

/** A daemon that is killed, and started again by its script in the same container. */
const RESPAWN = `${FILM}; while :; do umount -l ${POINT} 2>/dev/null; mkdir -p ${POINT}; rclone mount /srv ${POINT} --allow-other; done`;
const KILL = "kill -9 $(pidof rclone)";

export const broken: readonly Stranger[] = [
  {
    name: "restart",
    how: "ENOTCONN after the daemon was killed: its successor does not clear the dead mount",
    finds: ["stale-mount-left"],
    objects: (at) => [daemon(at, { script: BESIDE }), hasty(at)],
    fault: KILL,
  },
  {
    name: "leaf-bind",
    how: "the reader's volume is the mount point, made after the mount; the daemon has been started again",
    finds: ["consumer-binds-mountpoint"],
    objects: (at) => [
      daemon(at, { script: RESPAWN }),
      hasty(at, {
        mount: { mountPath: POINT },
        pod: {
          initContainers: [gate(at, "parent")],
          // No type, which the kubelet would ask for before the first container: what is bound is what the gate has seen.
          volumes: [
            { name: "media", hostPath: { path: `${at.bridge}/dfs` } },
            { name: "parent", ...hostPath(at.bridge) },
          ],
        },
      }),
    ],
    fault: KILL,
  },
  {
    name: "empty-dir",
    how: "an emptyDir in each pod",
    finds: ["bridge-not-hostpath"],
    objects: (at) => [daemon(at, { volume: { emptyDir: {} } }), hasty(at, { volume: { emptyDir: {} } })],
  },
  {
    name: "other-directory",
    how: "another hostPath in the reader",
    finds: ["bridge-not-hostpath"],
    objects: (at) => [daemon(at), hasty(at, { volume: hostPath(`${at.bridge}-other`) })],
    named: true,
  },
  {
    name: "no-propagation",
    how: "no mountPropagation in the reader",
    finds: ["consumer-not-host-to-container"],
    objects: (at) => [daemon(at), hasty(at, { mount: { mountPropagation: "None" } })],
  },
  {
    name: "one-way-daemon",
    how: "HostToContainer in the daemon",
    finds: ["producer-not-bidirectional"],
    objects: (at) => [daemon(at, { mount: { mountPropagation: "HostToContainer" } }), hasty(at)],
  },
  {
    name: "sub-path",
    how: "a subPath in the reader, made after the mount; the daemon has been started again",
    finds: ["subpath-used"],
    objects: (at) => [
      daemon(at, { script: RESPAWN }),
      hasty(at, { mount: { mountPath: POINT, subPath: "dfs" }, pod: { initContainers: [gate(at)] } }),
    ],
    fault: KILL,
  },
  {
    name: "private-root",
    how: "a node whose root mount is private",
    finds: ["node-root-private"],
    objects: (at) => [daemon(at, { node: "k3s-w1" }), hasty(at, { node: "k3s-w1" })],
  },
  {
    name: "late-mount",
    how: "the daemon has not mounted yet, and the reader does not wait",
    finds: ["producer-never-mounted"],
    objects: (at) => [daemon(at, { script: `sleep 900; ${CLEAN}` }), hasty(at)],
  },
  {
    name: "wrong-node",
    how: "the reader is on another node",
    finds: ["different-nodes"],
    // That other node has a private root, too.
    also: ["node-root-private"],
    objects: (at) => [daemon(at), hasty(at, { node: "k3s-w1" })],
  },
  {
    name: "hung",
    how: "the daemon is stopped (SIGSTOP) and answers nobody",
    finds: ["daemon-hung"],
    objects: (at) => [daemon(at, { script: `umount -l ${POINT} 2>/dev/null; ${BESIDE}` }), reader(at)],
    fault: "kill -STOP $(pidof rclone)",
  },
  {
    name: "stacked",
    how: "two daemons mount over each other",
    finds: ["stacked-mounts"],
    objects: (at) => [
      daemon(at, {
        script: `${FILM}; umount -l ${POINT}; mkdir -p ${POINT}; rclone mount /srv ${POINT} --allow-other & ${GATE}; exec rclone mount /srv ${POINT} --allow-other --allow-non-empty`,
      }),
      hasty(at),
    ],
  },
  {
    name: "allow-other",
    how: "mounted without allow_other; the reader is user 1000",
    finds: ["allow-other-missing"],
    objects: (at) => [
      daemon(at, { script: CLEAN.replace(" --allow-other", "") }),
      hasty(at, { container: { livenessProbe: undefined, securityContext: { runAsUser: 1000 } } }),
    ],
  },
  {
    name: "plain-directory",
    how: "files in a plain directory, and no mount at all",
    finds: ["producer-never-mounted"],
    objects: (at) => [daemon(at, { script: `mkdir -p ${POINT}; echo film >${POINT}/film; sleep 10000` }), hasty(at)],
  },
  {
    name: "unmount-at-start",
    how: "the daemon unmounts its own volume when it starts",
    finds: ["peer-group-destroyed"],
    // Whoever mounts at the volume itself has that trap as well.
    also: ["producer-binds-mountpoint", "consumer-binds-mountpoint"],
    objects: (at) => [
      daemon(at, { script: `${FILM}; umount ${MEDIA}; exec rclone mount /srv ${MEDIA} --allow-other` }),
      hasty(at),
    ],
  },
  {
    name: "crash-loop",
    how: "the daemon ends at once: there is no such remote",
    finds: ["daemon-ended"],
    objects: (at) => [
      daemon(at, { script: `mkdir -p ${POINT}; exec rclone mount nowhere: ${POINT} --allow-other` }),
      hasty(at),
    ],
  },
  {
    name: "pod-security",
    how: "the namespace's Pod Security level refuses the daemon's pods",
    finds: ["pod-security-denies"],
    objects: (at) => [daemon(at), hasty(at)],
    labels: { "pod-security.kubernetes.io/enforce": "baseline" },
    named: true,
  },
];

export const sound: readonly Stranger[] = [
  { name: "recipe", how: "parent directory, gate, liveness", finds: [], objects: (at) => [daemon(at), reader(at)] },
  {
    name: "recovered",
    how: "the daemon was killed and has mounted again",
    finds: [],
    objects: (at) => [daemon(at, { script: RESPAWN }), reader(at)],
    fault: KILL,
  },
  {
    name: "two-readers",
    how: "a second reader, which is not root",
    finds: [],
    objects: (at) => [
      daemon(at),
      reader(at),
      reader(at, { container: { securityContext: { runAsUser: 1000, runAsNonRoot: true } } }, "radarr"),
    ],
  },
  {
    name: "sidecar",
    how: "the daemon as a native sidecar, over an emptyDir",
    finds: [],
    objects: (at) => [
      deployment("sonarr", at, {
        ...pinned(),
        initContainers: [
          {
            ...daemonContainer(at, {}),
            restartPolicy: "Always",
            startupProbe: { exec: { command: ["sh", "-c", GATE] }, periodSeconds: 1 },
          },
        ],
        containers: [readerContainer(at, {})],
        volumes: [{ name: "media", emptyDir: {} }],
      }),
    ],
  },
  {
    name: "bindfs",
    how: "another daemon: bindfs",
    finds: [],
    objects: (at) => [
      daemon(at, {
        script: `${FILM}; umount -l ${POINT} 2>/dev/null; mkdir -p ${POINT}; exec bindfs -f -o allow_other /srv ${POINT}`,
      }),
      reader(at),
    ],
  },
  {
    name: "claim",
    how: "daemon and reader share a PersistentVolumeClaim",
    finds: [],
    objects: (at) => {
      const claim = { persistentVolumeClaim: { claimName: "media" } };
      const spec = { accessModes: ["ReadWriteMany"], storageClassName: "", volumeName: at.namespace };
      return [
        {
          ...{ apiVersion: "v1", kind: "PersistentVolume", metadata: { name: at.namespace } },
          spec: {
            capacity: { storage: "1Gi" },
            accessModes: ["ReadWriteMany"],
            storageClassName: "",
            ...hostPath(at.bridge),
          },
        },
        {
          ...{ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "media", namespace: at.namespace } },
          spec: { ...spec, resources: { requests: { storage: "1Gi" } } },
        },
        daemon(at, { volume: claim }),
        reader(at, { volume: claim }),
      ];
    },
  },
  {
    name: "two-mounts",
    how: "two mounts of one daemon's container",
    finds: [],
    objects: (at) => [
      daemon(at, {
        script: `${FILM}; for one in tv dfs; do umount -l ${MEDIA}/$one; mkdir -p ${MEDIA}/$one; done; rclone mount /srv ${MEDIA}/tv --allow-other & exec rclone mount /srv ${POINT} --allow-other`,
      }),
      reader(at),
    ],
  },
  {
    name: "no-fuse",
    how: "pods that share a plain hostPath",
    finds: [],
    objects: (at) => [
      daemon(at, { script: "sleep 10000", mount: { mountPropagation: "None" }, container: { securityContext: {} } }),
      hasty(at, { mount: { mountPropagation: "None" } }),
    ],
  },
];

export function objectsOf(stranger: Stranger, images: SandboxDocument["images"]): readonly object[] {
  const namespace = `diagnose-${stranger.name}`;
  const at: At = { images, namespace, bridge: `/tmp/${namespace}` };
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels: stranger.labels ?? {} } },
    ...stranger.objects(at),
  ];
}
