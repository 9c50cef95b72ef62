/** Evidence that looks like one cause and is another, or none: each was once taken for what it is not. */
import assert from "node:assert/strict";
import type { Errno } from "../../../../core/contract/fields.ts";
import type { AnyRole } from "../../../../core/contract/readers.ts";
import type { FieldsOf, ProbeRecord } from "../../../../core/contract/records.ts";
import { judge } from "../../../../core/diagnosis/verdict.ts";
import type { Evidence } from "../../../../core/evidence/evidence.ts";
import { evidence, misses, mounted, NONCE, record, sees, unseenByControl, waiting } from "../../evidence/evidence.ts";
import { leaf, made, podsWith } from "./pods.ts";

const FUSE = "387 311 0:155 / /bridge/fuse rw,nosuid,nodev,relatime shared:38 - fuse.rclone /tmp/source rw,allow_other";
const OTHER = "00000000-3f62-401b-b093-0358ca26b7d9";

const notMounted = (detail: string, more: FieldsOf<"mount"> = {}) => [
  ...misses("default"),
  ...misses("hardened"),
  record("producer", "mount", "error", { detail, errno: "UNKNOWN", ...more }),
];
const noMarker = (errno: Errno, detail: string) => [
  ...mounted.filter(({ step }) => step !== "marker"),
  record("producer", "marker", "error", { errno, detail }),
  unseenByControl,
  ...misses("default"),
  ...misses("hardened"),
];
const container = (message: string, reason = "CreateContainerError"): Partial<Evidence> => ({
  pods: [...podsWith({}), { ...waiting("consumer", "fuse-other", reason, message), spec: made("consumer") }],
});
const silent = (role: AnyRole) => [
  record(role, "read", "error", { errno: "ETIMEDOUT", mountinfo: FUSE, detail: "no answer within 2 s" }),
  record(role, "verdict", "error", { uptime: 2087 }),
];
const labelled = (role: AnyRole, label: string) => record(role, "identity", "info", { label });
const reading = (role: AnyRole, point: string) =>
  record(role, "start", "info", { propagation: "master:1", mountinfo: point });

const cases: readonly [what: string, cause: string, Partial<Evidence>][] = [
  [
    "a kernel that loads FUSE as /dev/fuse is opened, and a daemon that fails for another reason",
    "producer-never-mounted",
    {
      records: [
        record("producer", "preflight", "error", { fuse: "no", device: "yes" }),
        ...notMounted("Failed to create file system: couldn't find remote"),
      ],
    },
  ],
  [
    "a marker that is a directory",
    "no-marker",
    { records: noMarker("EISDIR", "sh: /bridge/fuse/marker: Is a directory") },
  ],
  ["a remote that answers with EIO", "no-marker", { records: noMarker("EIO", "dd: I/O error") }],
  ["a full remote", "no-marker", { records: noMarker("ENOSPC", "dd: No space left on device") }],
  [
    "a markerFile that is empty",
    "no-marker",
    { records: noMarker("UNKNOWN", "/bridge/fuse/version.txt is empty, or there is no md5sum") },
  ],
  [
    "a daemon whose second mount takes no marker, after readers missed the first",
    "unknown",
    {
      final: true,
      records: [
        ...mounted,
        unseenByControl,
        ...misses("default"),
        ...misses("hardened"),
        record("producer", "marker", "error", { errno: "EIO", uptime: 2099 }),
      ],
    },
  ],
  [
    "a marker that the producer could not read back in time, and a second one that it could",
    "unknown",
    {
      final: true,
      records: [
        ...mounted.filter(({ step }) => step !== "marker"),
        record("producer", "marker", "error", { errno: "ETIMEDOUT", uptime: 2057.3 }),
        unseenByControl,
        ...sees("default"),
        ...sees("hardened"),
        record("producer", "marker", "ok", { nonce: OTHER, uptime: 2099 }),
      ],
    },
  ],
  [
    "a markerFile whose content changes between the producer's look and the readers'",
    "marker-changes",
    {
      final: true,
      records: [
        ...mounted.filter(({ step }) => step !== "marker"),
        record("producer", "marker", "ok", { nonce: OTHER, path: "/bridge/fuse/version.txt" }),
        unseenByControl,
        ...sees("default"),
        ...sees("hardened"),
        record("producer", "inspect", "info", { uptime: 2099 }),
      ],
    },
  ],
  [
    "a markerFile that is another one at each look, so that the control is never in time for one",
    "marker-changes",
    {
      records: [
        ...mounted.filter(({ step }) => step !== "marker"),
        record("producer", "marker", "ok", { nonce: NONCE, path: "/bridge/fuse/version.txt" }),
        unseenByControl,
        ...(["default", "hardened"] as const).flatMap((role) => [
          ...sees(role, NONCE).filter(({ step }) => step !== "verdict"),
          ...sees(role, OTHER, 0.2).filter(({ step }) => step === "read"),
          record(role, "verdict", "error", { uptime: 2087 }),
        ]),
        record("producer", "inspect", "info", { uptime: 2099 }),
      ],
    },
  ],
  [
    "a plain file before the mount, and a daemon that hangs after it",
    "daemon-hung",
    {
      records: [
        ...(["default", "hardened"] as const).map((role) =>
          record(role, "doubt", "error", { kind: "hollow", uptime: 2050, fstype: "ext4" }),
        ),
        ...mounted,
        unseenByControl,
        ...silent("default"),
        ...silent("hardened"),
      ],
    },
  ],
  [
    "a control that was born with a copy of the mount, and a markerFile that changes",
    "control-too-late",
    {
      records: [
        ...mounted,
        record("control", "start", "info", { fuse_at_start: "yes" }),
        record("control", "control", "info", { kind: "late", nonce: NONCE }),
        record("control", "control", "error", { kind: "seen", nonce: OTHER, uptime: 2070 }),
        ...(["default", "hardened"] as const).flatMap((role) => [
          ...sees(role).filter(({ step }) => step === "read"),
          record(role, "doubt", "error", { kind: "control-late" }),
          record(role, "verdict", "error", { uptime: 2087 }),
        ]),
      ],
    },
  ],
  [
    "one reader of two with the same SELinux type that is denied",
    "unknown",
    {
      final: true,
      records: [
        ...mounted,
        unseenByControl,
        labelled("default", "system_u:system_r:container_t:s0:c15,c842"),
        labelled("hardened", "system_u:system_r:container_t:s0:c15,c842"),
        ...sees("default"),
        record("hardened", "read", "error", { errno: "EACCES", mountinfo: FUSE }),
        record("hardened", "verdict", "error", { uptime: 2087 }),
      ],
    },
  ],
  [
    "a confined daemon whose backend refuses its key",
    "producer-never-mounted",
    {
      records: [
        labelled("producer", "cri-containerd.apparmor.d (enforce)"),
        ...notMounted("storage@example.org: Permission denied (publickey).", { errno: "EACCES" }),
      ],
    },
  ],
  [
    "a daemon in Go that a profile keeps from mounting",
    "lsm-denies",
    {
      records: [
        labelled("producer", "cri-containerd.apparmor.d (enforce)"),
        ...notMounted("mount: fusermount3: permission denied (exit status 1)"),
      ],
    },
  ],
  [
    "a daemon whose backend's socket is not connected",
    "producer-never-mounted",
    {
      records: notMounted("gluster: all subvolumes are down: Transport endpoint is not connected", {
        errno: "ENOTCONN",
      }),
    },
  ],
  [
    "a daemon whose client is not connected",
    "producer-never-mounted",
    { records: notMounted("ceph: client not connected, mount aborted") },
  ],
  [
    "a dead mount of somebody else's volume in a container's way",
    "unknown",
    {
      final: true,
      ...container(
        'failed to stat "/var/lib/kubelet/pods/x/volumes/kubernetes.io~csi/pvc-1/mount": stat /var/lib/kubelet/pods/x/volumes/kubernetes.io~csi/pvc-1/mount: transport endpoint is not connected',
      ),
    },
  ],
  [
    "a daemon whose cache is on a full disk",
    "producer-never-mounted",
    {
      records: notMounted("mount: cannot write the cache /root/.cache/x: No space left on device", { errno: "ENOSPC" }),
    },
  ],
  [
    "a runtime on a full disk",
    "unknown",
    {
      final: true,
      ...container(
        'error mounting "/tmp/fuse-test-bridge" to rootfs at "/bridge": create mountpoint for /bridge mount: mkdirat /run/x/rootfs/bridge: no space left on device',
        "RunContainerError",
      ),
    },
  ],
  [
    "a remote that needs longer for a read than the probe waits",
    "daemon-slow",
    {
      records: [
        ...mounted,
        unseenByControl,
        ...silent("default"),
        ...silent("hardened"),
        record("default", "slow", "info", { seconds: "3.0", uptime: 2062 }),
      ],
    },
  ],
  [
    "a producer that waits longer for its own marker than the probe does",
    "daemon-slow",
    {
      records: [
        ...noMarker("ETIMEDOUT", "no answer within 2 s"),
        record("producer", "slow", "info", { seconds: "3.0", uptime: 2062 }),
      ],
    },
  ],
  [
    "one directory by two names, /var/run and /run",
    "unknown",
    {
      final: true,
      pods: podsWith(
        { spec: made("producer", {}, "/var/run/fuse-bridge") },
        { spec: made("consumer", {}, "/run/fuse-bridge") },
      ),
      records: [
        ...mounted,
        unseenByControl,
        record("producer", "preflight", "ok", { propagation: "shared:1" }),
        reading("default", "30 27 0:25 /fuse-bridge /bridge rw master:1 - tmpfs tmpfs rw"),
        reading("hardened", "30 27 0:25 /fuse-bridge /bridge rw master:1 - tmpfs tmpfs rw"),
        ...misses("default"),
        ...misses("hardened"),
      ],
    },
  ],
  [
    "one directory by a symbolic link of the node's own",
    "unknown",
    {
      final: true,
      pods: podsWith({ spec: made("producer", {}, "/mnt/media") }, { spec: made("consumer", {}, "/srv/media") }),
      records: [
        ...mounted,
        unseenByControl,
        record("producer", "preflight", "ok", {
          propagation: "shared:1",
          mountinfo: "30 27 254:0 /srv/media /bridge rw shared:1 - ext4 /dev/vda rw",
        }),
        reading("default", "41 27 254:0 /srv/media /bridge rw master:1 - ext4 /dev/vda rw"),
        reading("hardened", "51 27 254:0 /srv/media /bridge rw master:1 - ext4 /dev/vda rw"),
        ...misses("default"),
        ...misses("hardened"),
      ],
    },
  ],
  [
    "a runtime class of a GPU, while the network of the node is not ready",
    "unknown",
    {
      final: true,
      pods: podsWith({}, { spec: made("consumer", { runtimeClassName: "nvidia" }), containers: [] }),
      events: [
        {
          object: "pod/fuse-consumer",
          reason: "FailedCreatePodSandBox",
          message:
            'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "0f": plugin type="flannel" failed (add): loadFlannelSubnetEnv failed: open /run/flannel/subnet.env: no such file or directory',
        },
      ],
    },
  ],
  [
    "a runtime class of a sandbox, while the network of the node is not ready",
    "unknown",
    {
      final: true,
      pods: podsWith({}, { spec: made("consumer", { runtimeClassName: "kata" }), containers: [] }),
      records: [],
      events: [
        {
          object: "pod/fuse-consumer",
          reason: "FailedCreatePodSandBox",
          message:
            'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "0f": plugin type="calico" failed (add): stat /var/lib/calico/nodename: no such file or directory',
        },
      ],
    },
  ],
  [
    "a bridge on a private mount of its own, while the root is shared",
    "bridge-mount-private",
    container('path "/mnt/media/bridge" is mounted on "/mnt/media" but it is not a shared mount'),
  ],
  [
    "a second mount that fails, after readers missed the first",
    "unknown",
    {
      final: true,
      records: [
        ...mounted,
        unseenByControl,
        ...misses("default"),
        ...misses("hardened"),
        record("producer", "mount", "error", { detail: "cannot lock the cache", errno: "UNKNOWN", uptime: 2099 }),
      ],
    },
  ],
  [
    "a bridge that is on FUSE itself, and a consumer made while a dead mount was below it",
    "unknown",
    {
      final: true,
      records: [
        ...mounted,
        unseenByControl,
        ...(["default", "hardened"] as const).flatMap((role) => [
          record(role, "start", "info", { fuse_at_start: "yes" }),
          record(role, "read", "error", {
            errno: "ENOENT",
            mountinfo: "30 27 0:50 / /bridge rw master:1 - fuse.mergerfs a:b rw",
          }),
          record(role, "verdict", "error", { uptime: 2087 }),
        ]),
      ],
    },
  ],
  [
    "a producer that was OOM-killed after the readers had given up",
    "unknown",
    {
      final: true,
      pods: podsWith({
        phase: "Failed",
        containers: [{ name: "fuse-producer", state: "terminated", reason: "OOMKilled", message: "", exitCode: 137 }],
      }),
      records: [...mounted, unseenByControl, ...misses("default"), ...misses("hardened")],
    },
  ],
  [
    "a daemon that failed to mount, and was OOM-killed with its container later",
    "fusermount-missing",
    {
      pods: podsWith({
        phase: "Failed",
        containers: [{ name: "fuse-producer", state: "terminated", reason: "OOMKilled", message: "", exitCode: 137 }],
      }),
      records: notMounted('fusermount: exec: "fusermount": executable file not found in $PATH'),
    },
  ],
  [
    "a mount stacked on the run's own, which is gone when the window ends",
    "stacked-mounts",
    {
      final: true,
      records: [
        ...mounted,
        unseenByControl,
        ...misses("hardened"),
        record("default", "read", "error", { errno: "ENOENT", uptime: 2060, mounts: `${FUSE}\n${FUSE}` }),
        record("default", "verdict", "error", { uptime: 2087 }),
        record("default", "read", "error", { errno: "ENOENT", uptime: 2099, mounts: "" }),
      ],
    },
  ],
  [
    "a daemon whose cache directory is read-only",
    "producer-never-mounted",
    { records: notMounted("mkdir /cache: read-only file system", { errno: "EROFS" }) },
  ],
];

describe("what looks like a cause and is another", () => {
  for (const [what, cause, more] of cases)
    it(`${cause}: ${what}`, () => {
      const all = { ...evidence({ pods: podsWith({}) }), ...more };
      const verdict = judge(all) ?? judge({ ...all, final: true });
      assert.equal(verdict?.cause, cause, JSON.stringify(verdict?.evidence));
    });

  it("names no runtime while a sandbox may be what explains it", () => {
    const records = [
      ...mounted,
      unseenByControl,
      record("producer", "preflight", "ok", { propagation: "shared:1" }),
      ...(["default", "hardened"] as const).map((role) =>
        record(role, "start", "info", {
          propagation: "private",
          mountinfo: "60 47 0:24 /bridge /bridge ro,relatime - virtiofs kataShared rw",
        }),
      ),
    ];
    const pods = podsWith({}, { spec: made("consumer", { runtimeClassName: "kata-qemu" }) });
    assert.equal(judge(evidence({ pods, records }))?.cause, undefined);
    const over = [...records, ...misses("default"), ...misses("hardened")];
    assert.equal(judge(evidence({ pods, records: over }))?.cause, "sandboxed-runtime");
  });

  describe("of peer groups that differ", () => {
    const looked = (producer: string, reader: string, directory = "/tmp/fuse-test-bridge") => [
      ...mounted,
      unseenByControl,
      record("producer", "preflight", "ok", {
        propagation: producer,
        mountinfo: `237 320 0:42 /tmp/fuse-test-bridge /bridge rw,relatime ${producer} - tmpfs fpt rw`,
      }),
      ...(["default", "hardened"] as const).map((role) =>
        record(role, "start", "info", {
          propagation: reader,
          mountinfo: `299 492 0:42 ${directory} /bridge ro,relatime ${reader} - tmpfs fpt rw`,
        }),
      ),
    ];
    const failed = [...misses("default"), ...misses("hardened")];
    const cause = (records: readonly ProbeRecord[], final = false) =>
      judge(evidence({ pods: podsWith({}), records: [...records], final }))?.cause;

    it("names the runtime once the mount is not read: it has given the producer's bridge a group of its own", () => {
      assert.equal(cause(looked("shared:57", "master:1")), undefined);
      assert.equal(cause([...looked("shared:57", "master:1"), ...failed]), "runtime-drops-propagation");
      assert.equal(cause([...looked("shared:57", "shared:1"), ...failed]), "runtime-drops-propagation");
    });

    it("names it for a producer that only receives", () =>
      assert.equal(cause([...looked("master:1", "master:1"), ...failed]), "runtime-drops-propagation"));

    it("names none where the mount is read, where the reader receives from the producer's, or has another directory", () => {
      assert.equal(cause([...looked("shared:57", "master:1"), ...sees("default"), ...sees("hardened")]), "success");
      assert.equal(cause([...looked("shared:57 master:1", "master:57"), ...failed], true), "unknown");
      assert.equal(cause([...looked("shared:57", "shared:60 master:57"), ...failed], true), "unknown");
      assert.equal(cause([...looked("shared:57", "master:1", "/tmp/other"), ...failed], true), "unknown");
    });
  });

  it("names the mount that has to be made shared", () => {
    const verdict = judge(
      evidence(container('path "/mnt/media/bridge" is mounted on "/mnt/media" but it is not a shared mount')),
    );
    assert.match(JSON.stringify(verdict?.evidence), /mounted on \\"\/mnt\/media/);
  });

  it("does not wait for the end of a daemon that has recorded its end already", () => {
    const words = "dial unix /run/gluster.sock: Socket not connected";
    const ended = evidence({ pods: podsWith({}), records: notMounted(words, { errno: "ENOTCONN", exit_code: "1" }) });
    assert.equal(judge(ended)?.cause, "producer-never-mounted");
  });
});

/** A request that is in flight when the daemon dies ends with ECONNABORTED; who asks later gets ENOTCONN. */
describe("a dead mount that was met by a request in flight", () => {
  const first = mounted.filter(({ step }) => step !== "marker");
  const unwritten = record("producer", "marker", "error", { errno: "ECONNABORTED", detail: "cannot write: aborted" });
  const ended = (exit_code: string) =>
    record("producer", "daemon", "error", { exit_code, detail: "lost the remote", uptime: 2059 });
  const gaveUp = [unseenByControl, ...misses("default"), ...misses("hardened")];
  const inspect = record("producer", "inspect", "info", { uptime: 2080 });
  const met = (role: AnyRole) => [
    record(role, "read", "error", { errno: "ECONNABORTED", mountinfo: FUSE }),
    record(role, "verdict", "error", { uptime: 2087 }),
  ];
  const pods = podsWith({});
  const causeOf = (records: readonly ProbeRecord[], more: Partial<Evidence> = {}) =>
    judge(evidence({ pods, records, ...more }))?.cause;

  it("is no file system that takes no marker: the daemon has ended", () => {
    assert.equal(causeOf([...first, unwritten, ...gaveUp, ended("1"), inspect]), "daemon-ended");
    assert.notEqual(causeOf([...first, unwritten, ...gaveUp], { final: true }), "no-marker");
  });

  it("is the end of a daemon that was killed", () => {
    assert.equal(causeOf([...first, unwritten, ...gaveUp, ended("137")]), "daemon-killed");
    const seen = [...mounted, unseenByControl, ...met("default"), ...met("hardened")];
    assert.equal(causeOf([...seen, ended("137")]), "daemon-killed");
  });

  it("waits for the producer to tell how its daemon ended", () => {
    const seen = [...mounted, unseenByControl, ...met("default"), ...met("hardened")];
    assert.equal(causeOf(seen), undefined);
  });

  it("is the mount that a reader has bound", () => {
    const bound = FUSE.replace("387 ", "388 ");
    const records = [
      ...mounted,
      ...(["default", "hardened"] as const).flatMap((role) => [
        record(role, "start", "info", { fuse_at_start: "yes", mountinfo: bound }),
        record(role, "read", "error", { uptime: 2060.95, errno: "ECONNABORTED", mountinfo: bound }),
      ]),
      record("producer", "crash", "ok", { uptime: 2061, at: "2060.9", errno: "ENOTCONN" }),
    ];
    assert.equal(causeOf(records, { pods: podsWith({}, { spec: leaf() }) }), "consumer-binds-mountpoint");
    // Once a look has said what people meet, that is what is quoted.
    const met = record("default", "read", "error", { uptime: 2061.2, errno: "ENOTCONN", mountinfo: bound });
    const verdict = judge(evidence({ records: [...records, met], pods: podsWith({}, { spec: leaf() }) }));
    assert.match(JSON.stringify(verdict?.evidence), /default[^{]*ENOTCONN/);
  });
});
