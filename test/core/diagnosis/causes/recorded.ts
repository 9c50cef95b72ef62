/**
 * Evidence as it was recorded. The JSON files were collected from deployments provoked on real kubelets
 * (`FUSE_TEST_EVIDENCE=folder` of test/e2e/causes.test.ts writes them), each named for its cause. What could not be
 * provoked there stands below, built from the words that users met.
 */

import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Errno } from "../../../../core/contract/fields.ts";
import type { Evidence, PodFact } from "../../../../core/evidence/evidence.ts";
import { evidence, misses, mounted, NONCE, record, sees, unseenByControl, waiting } from "../../evidence/evidence.ts";
import { leaf, made, podsWith } from "./pods.ts";

const FOLDER = join(import.meta.dirname, "..", "..", "..", "fixtures", "evidence");

export interface Recorded {
  readonly what: string;
  readonly cause: string;
  readonly evidence: Evidence;
  /** Words that the verdict must quote; a file's are those that the end-to-end test looks for. */
  readonly quoted?: RegExp;
}

export const files: readonly Recorded[] = globSync("*.json", { cwd: FOLDER })
  .sort()
  .map((file) => ({
    what: `${file}, from a real run`,
    cause: basename(file).split(".")[0] ?? "",
    evidence: JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as Evidence,
  }));

/** The evidence of a real run by its cause. */
export function file(cause: string): Evidence {
  const found = files.find((one) => one.cause === cause);
  if (!found) throw new Error(`there is no recorded evidence of ${cause}`);
  return found.evidence;
}

const FUSE = "387 311 0:155 / /bridge/fuse rw,nosuid,nodev,relatime shared:38 - fuse.rclone /tmp/source rw,allow_other";
const unmounted = (detail: string, errno: Errno = "UNKNOWN") => [
  ...misses("default"),
  ...misses("hardened"),
  record("producer", "mount", "error", { detail, errno }),
];

/** A consumer none of whose containers runs. */
const creating: Partial<PodFact> = {
  containers: [{ name: "fuse-consumer", state: "waiting", reason: "CreateContainerError", message: "" }],
};

const event = (object: string, reason: string, message: string) => ({ object, reason, message });

export const words: readonly Recorded[] = [
  {
    what: "a cluster that gives every container all rights",
    cause: "reader-not-hardened",
    quoted: /uid 0, capabilities 000001ffffffffff/,
    evidence: evidence({
      records: [
        ...mounted,
        unseenByControl,
        ...(["default", "hardened"] as const).flatMap((role) => sees(role)),
        record("hardened", "identity", "info", { uptime: 2054, uid: "0", capabilities: "000001ffffffffff" }),
      ],
    }),
  },
  {
    what: "a daemon that runs out of memory in use, and is started again",
    cause: "daemon-died",
    quoted: /1 restarts, the last after OOMKilled, exit code 137/,
    evidence: evidence({
      pods: podsWith({
        containers: [
          {
            name: "fuse-producer",
            state: "running",
            reason: "",
            message: "",
            restarts: 1,
            last: { reason: "OOMKilled", exitCode: 137 },
          },
        ],
      }),
      records: [...mounted, unseenByControl, ...(["default", "hardened"] as const).flatMap((role) => sees(role))],
    }),
  },
  {
    what: "a pod that may not be deleted",
    cause: "producer-not-replaced",
    quoted: /HTTP 403: pods .* is forbidden/,
    evidence: evidence({
      pods: podsWith({}),
      replacing: {
        ways: ["deleted"],
        refused: 'the pod cannot be deleted: HTTP 403: pods "fuse-producer" is forbidden',
      },
      records: [...mounted, unseenByControl, ...(["default", "hardened"] as const).flatMap((role) => sees(role))],
    }),
  },
  {
    what: "a node whose kubelet is not the test's to restart",
    cause: "not-asked",
    quoted: /its kubelet was not restarted/,
    evidence: evidence({
      pods: podsWith({}),
      replacing: { ways: ["kubelet"], unasked: { kubelet: "its kubelet was not restarted" } },
      records: [...mounted, unseenByControl, ...(["default", "hardened"] as const).flatMap((role) => sees(role))],
    }),
  },
  {
    what: "a reader with two more mounts once the pod was replaced",
    cause: "mounts-pile-up",
    quoted: /2 more mounts after the pod was deleted in order/,
    evidence: evidence({
      pods: podsWith({}),
      records: [
        ...mounted,
        unseenByControl,
        ...(["default", "hardened"] as const).flatMap((role) => sees(role)),
        record("producer", "replaced", "info", { uptime: 2070, way: "deleted", replaces: "u", mounts: "0" }),
        record("producer", "mount", "ok", { uptime: 2072, absent_until: "2071.9" }),
        record("producer", "marker", "ok", { uptime: 2072, nonce: "b" }),
        record("default", "read", "ok", { uptime: 2069, looked: "2068.9", nonce: NONCE, table: "30" }),
        record("default", "read", "ok", { uptime: 2072.2, looked: "2072.1", nonce: "b", table: "32" }),
      ],
    }),
  },
  {
    what: "a daemon in a session of its own, which is not among the processes that are killed",
    cause: "daemon-not-killed",
    quoted: /the mount still answers/,
    evidence: evidence({
      pods: podsWith({}),
      records: [
        ...mounted,
        unseenByControl,
        ...(["default", "hardened"] as const).flatMap((role) => sees(role)),
        record("producer", "crash", "error", { uptime: 2066, fault: "crash", detail: "the mount still answers" }),
      ],
    }),
  },
  {
    what: "podman 4 on a private root: the spec asks, the mount table has no peer group",
    cause: "runtime-drops-propagation",
    quoted: /mountPropagation: HostToContainer.* \/bridge ro,relatime - ext4/s,
    evidence: evidence({
      pods: podsWith({}),
      records: [
        record("producer", "preflight", "ok", {
          propagation: "private",
          mountinfo: "612 590 254:0 /tmp/fuse-test-bridge /bridge rw,relatime - ext4 /dev/vda rw",
        }),
        ...(["default", "hardened"] as const).map((role) =>
          record(role, "start", "info", {
            propagation: "private",
            mountinfo: "640 633 254:0 /tmp/fuse-test-bridge /bridge ro,relatime - ext4 /dev/vda rw",
          }),
        ),
        ...mounted,
        unseenByControl,
        ...misses("default"),
        ...misses("hardened"),
      ],
    }),
  },
  {
    what: "a RuntimeClass whose runtime drops what the readers ask for: it is named",
    cause: "runtime-drops-propagation",
    quoted: /"runtimeClassName: other"[^}]*}[^}]*mountPropagation: HostToContainer.* \/bridge ro,relatime - ext4/,
    evidence: evidence({
      pods: podsWith({}, { spec: made("consumer", { runtimeClassName: "other" }) }),
      records: [
        ...mounted,
        ...(["default", "hardened"] as const).map((role) =>
          record(role, "start", "info", {
            propagation: "private",
            mountinfo: "640 633 254:0 /tmp/fuse-test-bridge /bridge ro,relatime - ext4 /dev/vda rw",
          }),
        ),
        unseenByControl,
        ...misses("default"),
        ...misses("hardened"),
      ],
    }),
  },
  {
    what: "a daemon of one's own that is read-only, and no markerFile",
    cause: "no-marker",
    quoted: /EROFS.*Read-only file system/s,
    evidence: evidence({
      pods: podsWith({}),
      records: [
        ...mounted.filter(({ step }) => step !== "marker"),
        record("producer", "marker", "error", {
          errno: "EROFS",
          detail: "sh: can't create /bridge/fuse/marker: Read-only file system",
        }),
        record("producer", "inspect", "info", { uptime: 2080 }),
        unseenByControl,
        ...misses("default"),
        ...misses("hardened"),
      ],
    }),
  },
  {
    what: "an AppArmor profile that denies the mount",
    cause: "lsm-denies",
    quoted: /docker-default \(enforce\).*Permission denied/s,
    evidence: evidence({
      pods: podsWith({}),
      records: [
        record("producer", "identity", "info", { label: "docker-default (enforce)" }),
        record("producer", "preflight", "ok", { fuse: "yes", device: "yes" }),
        ...unmounted("fusermount: mount failed: Permission denied", "EACCES"),
      ],
    }),
  },
  {
    what: "an AppArmor profile of the readers' own that denies what lies in the mount",
    cause: "lsm-denies",
    quoted: /media-readers \(enforce\).*EACCES/s,
    evidence: evidence({
      records: [
        ...mounted,
        unseenByControl,
        ...(["default", "hardened"] as const).flatMap((role) => [
          record(role, "identity", "info", { label: "media-readers (enforce)" }),
          record(role, "read", "error", { errno: "EACCES", mountinfo: FUSE }),
          record(role, "verdict", "error", { uptime: 2087 }),
        ]),
      ],
    }),
  },
  {
    what: "an SELinux type that may not use FUSE",
    cause: "lsm-denies",
    quoted: /container_t.*EACCES/s,
    evidence: evidence({
      records: [
        ...mounted,
        unseenByControl,
        ...(["default", "hardened"] as const).flatMap((role) => [
          record(role, "identity", "info", { label: "system_u:system_r:container_t:s0:c15,c842" }),
          record(role, "read", "error", { errno: "EACCES", mountinfo: FUSE }),
          record(role, "verdict", "error", { uptime: 2087 }),
        ]),
      ],
    }),
  },
  {
    what: "no FUSE in the kernel",
    cause: "fuse-unavailable",
    quoted: /fuse in \/proc\/filesystems: no/,
    evidence: evidence({
      records: [
        record("producer", "preflight", "error", { fuse: "no", device: "no" }),
        ...unmounted("fuse: device not found, try 'modprobe fuse' first"),
      ],
    }),
  },
  {
    what: "libfuse's words for a missing fusermount3",
    cause: "fusermount-missing",
    quoted: /failed to exec fusermount3/,
    evidence: evidence({ records: unmounted("fuse: failed to exec fusermount3: No such file or directory", "ENOENT") }),
  },
  {
    what: "a producer that restarted after it was OOMKilled",
    cause: "daemon-killed",
    quoted: /3 restarts, the last after OOMKilled, exit code 137/,
    evidence: evidence({
      pods: podsWith({
        containers: [
          {
            name: "fuse-producer",
            state: "waiting",
            reason: "CrashLoopBackOff",
            message: "back-off 40s restarting failed container=fuse-producer",
            restarts: 3,
            last: { reason: "OOMKilled", exitCode: 137 },
          },
        ],
      }),
      records: [record("default", "read", "error", { errno: "ENOTCONN" })],
    }),
  },
  {
    what: "a media server's mount where the test would mount",
    cause: "bridge-in-use",
    quoted: /fuse\.rclone media:/,
    evidence: evidence({
      records: [
        ...misses("default"),
        ...misses("hardened"),
        record("producer", "in-use", "error", {
          detail:
            "it lives, and carries no marker of this test: cat: can't open '/bridge/fuse/marker': No such file or directory",
          errno: "ENOENT",
          mountinfo:
            "387 311 0:155 / /bridge/fuse rw,nosuid,nodev,relatime shared:38 - fuse.rclone media: rw,allow_other",
        }),
      ],
    }),
  },
  {
    what: "a daemon that finds its mount point mounted",
    cause: "stale-mount-left",
    quoted: /directory already mounted/,
    evidence: evidence({ records: unmounted("Fatal error: directory already mounted: /bridge/fuse") }),
  },
  {
    what: "a consumer of the mount point itself, made while the daemon is dead",
    cause: "consumer-binds-mountpoint",
    quoted: /mountPath: \/bridge\/fuse.*transport endpoint is not connected/s,
    evidence: evidence({
      pods: podsWith(
        {},
        {
          spec: leaf(),
          containers: [
            {
              name: "fuse-consumer",
              state: "terminated",
              reason: "StartError",
              message:
                'runc create failed: unable to start container process: error during container init: error mounting "/tmp/fuse-test-bridge/fuse" to rootfs at "/bridge/fuse": stat /tmp/fuse-test-bridge/fuse: transport endpoint is not connected: unknown',
              exitCode: 128,
            },
          ],
        },
      ),
      records: [...mounted, record("producer", "crash", "ok")],
    }),
  },
  {
    what: "containerd's words for a leftover in the way of a mount point",
    cause: "stale-mount-left",
    quoted: /file exists/,
    evidence: evidence({
      pods: [
        waiting("consumer", "fuse-consumer", "CreateContainerError", "failed to mkdir: mkdir /mnt/media: file exists"),
      ],
    }),
  },
  {
    what: "the kernel's limit of mounts, met by the runtime",
    cause: "mount-limit",
    quoted: /no space left on device/,
    evidence: evidence({
      pods: [
        waiting(
          "consumer",
          "fuse-consumer",
          "RunContainerError",
          'error mounting "/tmp/fuse-test-bridge" to rootfs at "/bridge": mount /tmp/fuse-test-bridge:/bridge: no space left on device',
        ),
      ],
    }),
  },
  {
    what: "an image whose busybox has no timeout",
    cause: "tools-missing",
    quoted: /timeout, stat -c/,
    evidence: evidence({
      pods: podsWith({}),
      records: [record("producer", "tools", "error", { detail: "timeout, stat -c" })],
    }),
  },
  {
    what: "an image without a shell, as runc tells it",
    cause: "tools-missing",
    quoted: /executable file not found/,
    evidence: evidence({
      pods: [
        waiting(
          "producer",
          "fuse-producer",
          "RunContainerError",
          'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "sh": executable file not found in $PATH: unknown',
        ),
      ],
    }),
  },
  {
    what: "a daemon that ends by itself as soon as it has mounted",
    cause: "daemon-ended",
    quoted: /ENOTCONN.*lost the remote/s,
    evidence: evidence({
      pods: podsWith({}),
      records: [
        ...mounted.filter(({ step }) => step !== "marker"),
        record("producer", "marker", "error", { errno: "ENOTCONN", detail: "Transport endpoint is not connected" }),
        record("producer", "daemon", "error", { exit_code: "1", detail: "lost the remote", uptime: 2059 }),
        record("producer", "inspect", "info", { uptime: 2080 }),
        unseenByControl,
        ...misses("default"),
        ...misses("hardened"),
      ],
    }),
  },
  {
    what: "a quota that leaves no room for a pod",
    cause: "admission-refused",
    quoted: /exceeded quota: compute/,
    evidence: evidence({
      pods: [],
      refusals: [
        'pods "fuse-producer" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=4, limited: pods=4',
      ],
    }),
  },
  {
    what: "pods that were started too slowly for their time",
    cause: "window-over",
    quoted: /DeadlineExceeded: Pod was active on the node longer than the specified deadline/,
    evidence: evidence({
      pods: podsWith({
        phase: "Failed",
        reason: "DeadlineExceeded",
        message: "Pod was active on the node longer than the specified deadline",
        containers: [],
      }),
    }),
  },
  {
    what: "a bridge on a private mount of its own",
    cause: "bridge-mount-private",
    quoted: /mounted on \\"\/mnt\/media\\"/,
    evidence: evidence({
      pods: [pendingOn('path "/mnt/media/bridge" is mounted on "/mnt/media" but it is not a shared mount')],
    }),
  },
  {
    what: "a file of the daemon's own that grows between two looks",
    cause: "marker-changes",
    quoted: /nonce 0{8}.*nonce ccf6d907/s,
    evidence: evidence({
      pods: podsWith({}),
      records: [
        ...mounted.filter(({ step }) => step !== "marker"),
        record("producer", "marker", "ok", { path: "/bridge/fuse/version.txt", nonce: "00000000" }),
        unseenByControl,
        ...sees("default"),
        ...sees("hardened"),
        record("producer", "inspect", "info", { uptime: 2099 }),
      ],
    }),
  },
  {
    what: "a remote slower than the probe's deadline",
    cause: "daemon-slow",
    quoted: /answered after 3\.1 s.*ETIMEDOUT/s,
    evidence: evidence({
      records: [
        ...mounted,
        unseenByControl,
        ...(["default", "hardened"] as const).flatMap((role) => [
          record(role, "read", "error", { errno: "ETIMEDOUT", mountinfo: FUSE }),
          record(role, "verdict", "error", { uptime: 2087 }),
        ]),
        record("default", "slow", "info", { seconds: "3.1", uptime: 2062 }),
      ],
    }),
  },
  {
    what: "a user namespace whose id mapping the file system refuses",
    cause: "user-namespace",
    quoted: /failed to set MOUNT_ATTR_IDMAP/,
    evidence: evidence({
      pods: podsWith({}, { ...creating, spec: made("consumer", { hostUsers: false }) }),
      events: [event("pod/fuse-consumer", "Failed", "failed to set MOUNT_ATTR_IDMAP on /bridge: invalid argument")],
    }),
  },
  {
    what: "Kata, which starts and shows an empty directory",
    cause: "sandboxed-runtime",
    quoted: /runtimeClassName: kata-qemu.*virtiofs/s,
    evidence: evidence({
      pods: podsWith({}, { spec: made("consumer", { runtimeClassName: "kata-qemu" }) }),
      records: [
        ...mounted,
        unseenByControl,
        ...(["default", "hardened"] as const).map((role) =>
          record(role, "start", "info", {
            propagation: "private",
            mountinfo: "60 47 0:24 /bridge /bridge ro,relatime - virtiofs kataShared rw",
          }),
        ),
        ...misses("default"),
        ...misses("hardened"),
      ],
    }),
  },
  {
    what: "a subPath that cannot be prepared",
    cause: "subpath-used",
    quoted: /failed to prepare subPath/,
    evidence: evidence({
      pods: podsWith({}, creating),
      events: [
        event(
          "pod/fuse-consumer",
          "Failed",
          'Error: failed to prepare subPath for volumeMount "bridge" of container "fuse-consumer"',
        ),
      ],
    }),
  },
  {
    what: "Talos, where the kubelet may not make the directory",
    cause: "host-read-only",
    quoted: /read-only file system/,
    evidence: evidence({
      pods: [pendingOn("mkdir /opt/media: read-only file system")],
    }),
  },
  {
    what: "a ReplicaSet that may not make the producer",
    cause: "producer-not-privileged",
    quoted: /replicaset\/media.*only to privileged containers/s,
    evidence: evidence({
      pods: [],
      events: [
        event(
          "replicaset/media-6d4cf56db6",
          "FailedCreate",
          'Error creating: Pod "media-6d4cf56db6-x" is invalid: spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers',
        ),
      ],
    }),
  },
  {
    what: "a pod that the kubelet refuses for lack of memory",
    cause: "node-unavailable",
    quoted: /OutOfmemory/,
    evidence: evidence({
      pods: podsWith({
        phase: "Failed",
        reason: "OutOfmemory",
        message: "Pod was rejected: Node didn't have enough resource: memory",
      }),
    }),
  },
  {
    what: "a daemon that finds the lock of the killed one",
    cause: "daemon-not-back",
    quoted: /cannot lock the cache/,
    evidence: evidence({
      records: [
        ...mounted,
        unseenByControl,
        ...sees("default"),
        ...sees("hardened"),
        record("producer", "crash", "ok", { uptime: 2060 }),
        record("producer", "mount", "error", { uptime: 2070, detail: "cannot lock the cache directory" }),
      ],
    }),
  },
  {
    what: "a producer that needed longer than the consumer waited",
    cause: "mounted-too-late",
    quoted: /shared:38/,
    evidence: evidence({
      records: [
        unseenByControl,
        ...(["default", "hardened"] as const).flatMap((role) => [
          record(role, "read", "error", { errno: "ENOENT", uptime: 2020 }),
          record(role, "verdict", "error", { uptime: 2050 }),
        ]),
        ...mounted,
      ],
    }),
  },
];

function pendingOn(message: string): PodFact {
  return waiting("consumer", "fuse-consumer", "CreateContainerError", message);
}
