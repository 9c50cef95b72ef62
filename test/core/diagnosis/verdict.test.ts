import assert from "node:assert/strict";
import type { AnyRole } from "../../../core/contract/readers.ts";
import { judge, worst } from "../../../core/diagnosis/verdict.ts";
import type { Evidence } from "../../../core/evidence/evidence.ts";
import {
  evidence,
  misses,
  mounted,
  NONCE,
  pending,
  record,
  running,
  sees,
  unseenByControl,
  waiting,
} from "../evidence/evidence.ts";

const success = [...mounted, unseenByControl, ...sees("default"), ...sees("hardened")];
const NOT_SHARED =
  'failed to generate container "36732df6" spec: failed to generate spec: path "/tmp/fuse-test-bridge" is mounted on "/" but it is not a shared mount';
const DEAD = "failed to stat: transport endpoint is not connected";
const PSA =
  'pods "fuse-producer" is forbidden: violates PodSecurity "baseline:latest": privileged (container "fuse-producer" must not set securityContext.privileged=true)';
const NO_TOLERATION =
  "0/2 nodes are available: 1 node(s) had untolerated taint {node.longhorn.io/storage: enabled}, 1 node(s) didn't satisfy plugin(s) [NodeAffinity].";
const NOT_READY = "0/2 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.";
const justBack = {
  exists: true,
  ready: false,
  cordoned: false,
  taints: ["node.longhorn.io/storage=enabled:NoSchedule", "node.kubernetes.io/not-ready=:NoSchedule"],
};
const hollow = record("default", "doubt", "error", {
  kind: "hollow",
  fstype: "ext4",
  mountinfo: "1 0 254:0 / / rw - ext4 /dev/vda rw",
});
const mountFailed = record("producer", "mount", "error", { detail: "Fatal error: the remote does not answer" });

const mountedEarly = mounted.filter(({ step }) => step !== "marker");
const gaveUpAt2087 = [unseenByControl, ...misses("default"), ...misses("hardened")];

/** With AppArmor's usual profile even where the daemon itself looks at the mode. */
const deniedByMode = (role: AnyRole, label: string) => [
  record(role, "identity", "info", { label }),
  record(role, "read", "error", {
    errno: "EACCES",
    mountinfo: `387 311 0:155 / /bridge/fuse rw - fuse.rclone /tmp/source rw,allow_other${label.includes("apparmor") ? "" : ",default_permissions"}`,
  }),
  record(role, "verdict", "error", { uptime: 2087 }),
];

/** Evidence, what it must be judged, and words of the evidence that the verdict must quote. */
const cases: readonly [what: string, Evidence, verdict: string, cause: string, quoted: string][] = [
  ["everything proven", evidence({ records: success }), "success", "success", NONCE],
  [
    "a private root, from the container's state",
    evidence({ pods: [waiting("producer", "fuse-producer", "CreateContainerError", NOT_SHARED)] }),
    "failure",
    "node-root-private",
    NOT_SHARED,
  ],
  [
    "a private root, from an event",
    evidence({
      pods: [waiting("producer", "fuse-producer", "ContainerCreating", "")],
      events: [{ object: "pod/fuse-producer", reason: "Failed", message: `Error: ${NOT_SHARED}` }],
    }),
    "failure",
    "node-root-private",
    NOT_SHARED,
  ],
  [
    "a plain file as the marker",
    evidence({ records: [...mounted, unseenByControl, hollow, ...misses("default"), ...misses("hardened")] }),
    "inconclusive",
    "hollow-success",
    "ext4",
  ],
  [
    "a plain file that keeps the daemon from mounting",
    evidence({ records: [hollow, record("default", "read", "ok", { fstype: "ext4" }), mountFailed] }),
    "inconclusive",
    "hollow-success",
    "ext4",
  ],
  [
    "a control that sees the marker",
    evidence({
      records: [
        ...mounted,
        record("control", "control", "error", { kind: "seen", nonce: NONCE }),
        ...misses("default"),
        ...misses("hardened"),
      ],
    }),
    "inconclusive",
    "hollow-success",
    NONCE,
  ],
  [
    "a marker with another nonce than this run's",
    evidence({
      records: [
        ...mounted,
        unseenByControl,
        ...sees("default", "00000000"),
        ...sees("hardened", "00000000"),
        record("producer", "inspect", "info", { uptime: 2069 }),
      ],
    }),
    "inconclusive",
    "hollow-success",
    "00000000",
  ],
  [
    "a daemon that never mounted",
    evidence({ records: [mountFailed, record("default", "read", "error", { errno: "ENOENT" })] }),
    "inconclusive",
    "producer-never-mounted",
    "the remote does not answer",
  ],
  [
    "a producer that ended at once",
    evidence({
      pods: [
        {
          ...running("producer", []),
          phase: "Failed",
          containers: [
            { name: "fuse-producer", state: "terminated", reason: "Error", message: "sh: not found", exitCode: 127 },
          ],
        },
      ],
    }),
    "inconclusive",
    "producer-never-mounted",
    "sh: not found",
  ],
  [
    "a stale mount the producer cannot take away",
    evidence({ records: [record("producer", "stale", "error", { detail: "umount: /bridge/fuse: device busy" })] }),
    "inconclusive",
    "stale-mount-left",
    "device busy",
  ],
  [
    "a stale mount in the runtime's way",
    evidence({ pods: [waiting("consumer", "fuse-consumer", "CreateContainerError", DEAD)] }),
    "inconclusive",
    "stale-mount-left",
    DEAD,
  ],
  [
    "an image that cannot be pulled",
    evidence({
      pods: [waiting("producer", "fuse-producer", "ErrImagePull", "docker.io/rclone/rclone:9: not found")],
    }),
    "inconclusive",
    "image-unavailable",
    "rclone/rclone:9",
  ],
  ["a pod the API refused", evidence({ pods: [], refusals: [PSA] }), "inconclusive", "pod-security-denies", PSA],
  [
    "a node that does not exist",
    evidence({ pods: [], nodeFact: { exists: false, ready: false, cordoned: false, taints: [] } }),
    "inconclusive",
    "node-unavailable",
    "no node k3s-w2",
  ],
  [
    "a taint that is not tolerated",
    evidence({
      pods: [pending("producer", NO_TOLERATION)],
      nodeFact: { exists: true, ready: true, cordoned: false, taints: ["node.longhorn.io/storage=enabled:NoSchedule"] },
    }),
    "inconclusive",
    "node-unavailable",
    "untolerated taint",
  ],
  [
    "words that no node matches",
    evidence({
      pods: [pending("producer", "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.")],
      nodeFact: "unreadable",
    }),
    "inconclusive",
    "node-unavailable",
    "3 node(s) didn't match",
  ],
  [
    "a taint of a node that is not ready, at the end",
    evidence({ pods: [pending("producer", NOT_READY)], nodeFact: justBack, final: true }),
    "inconclusive",
    "node-unavailable",
    "not-ready",
  ],
  [
    "a control created after the mount",
    evidence({
      records: [
        ...mounted,
        record("control", "control", "info", { kind: "late", nonce: NONCE }),
        ...misses("default"),
        ...misses("hardened"),
      ],
    }),
    "inconclusive",
    "control-too-late",
    NONCE,
  ],
  [
    "a marker that appears in the mount after the readers gave up",
    evidence({
      records: [...mountedEarly, record("producer", "marker", "ok", { uptime: 2097, nonce: NONCE }), ...gaveUpAt2087],
    }),
    "inconclusive",
    "mounted-too-late",
    NONCE,
  ],
  [
    "a mount that a reader does not see",
    evidence({ records: [...mounted, unseenByControl, ...misses("default"), ...misses("hardened")] }),
    "failure",
    "unknown",
    "ENOENT",
  ],
  [
    "a reader that may not read",
    evidence({
      records: [
        ...mounted,
        unseenByControl,
        ...sees("default"),
        record("hardened", "read", "error", { errno: "EACCES" }),
        record("hardened", "verdict", "error"),
      ],
    }),
    "failure",
    "unknown",
    "EACCES",
  ],
  [
    "readers that read the marker, and a control that said nothing",
    evidence({
      records: [
        ...mounted,
        record("control", "start", "info", { uptime: 2055, fuse_at_start: "no" }),
        ...(["default", "hardened"] as const).flatMap((role) => [...sees(role).slice(0, -1), ...misses(role).slice(1)]),
      ],
    }),
    "inconclusive",
    "unknown",
    NONCE,
  ],
  ...["cri-containerd.apparmor.d (enforce)", "system_u:system_r:container_t:s0:c1,c2"].map(
    (label): (typeof cases)[number] => [
      `a file whose mode denies it, in a container labelled ${label}`,
      evidence({
        records: [
          ...mounted,
          unseenByControl,
          ...(["default", "hardened"] as const).flatMap((role) => deniedByMode(role, label)),
        ],
      }),
      "failure",
      "unknown",
      "EACCES",
    ],
  ),
  [
    "a mount without a marker until the end",
    evidence({ records: [...mountedEarly, ...gaveUpAt2087], final: true }),
    "inconclusive",
    "unknown",
    "ENOENT",
  ],
  [
    "nothing at all until the end",
    evidence({ pods: [], final: true }),
    "inconclusive",
    "unknown",
    "no pod of the test",
  ],
];

describe("verdict", () => {
  for (const [what, given, verdict, cause, quoted] of cases) {
    it(`of ${what}: ${verdict}, ${cause}`, () => {
      const judged = judge(given);
      assert.ok(judged, "it must be known");
      assert.deepEqual([judged.verdict, judged.cause], [verdict, cause]);
      assert.ok(
        judged.evidence.some(({ text }) => text.includes(quoted)),
        JSON.stringify(judged.evidence),
      );
      assert.ok(judged.explanation && judged.fix && judged.decision.text && judged.decision.nextStep);
    });
  }

  it("waits for the node's own taints before it speaks of them", () => {
    const { nodeFact: _, ...unread } = evidence({ pods: [pending("producer", NO_TOLERATION)] });
    assert.equal(judge(unread), undefined);
    assert.equal(judge({ ...unread, nodeFact: "unreadable" })?.cause, "node-unavailable");
  });

  const open: readonly [what: string, Evidence][] = [
    ["nothing was seen yet", evidence({})],
    ["one reader has not decided", evidence({ records: [...mounted, unseenByControl, ...sees("default")] })],
    ["a plain directory is seen before the mount", evidence({ records: [hollow] })],
    [
      "the first pull of an image failed",
      evidence({ pods: [waiting("producer", "fuse-producer", "ErrImagePull", "i/o timeout")] }),
    ],
    [
      "the daemon has mounted, and its marker is not there yet",
      evidence({ records: [...mountedEarly, ...gaveUpAt2087] }),
    ],
    [
      "one write was not answered, and the readers have time",
      evidence({
        records: [
          ...mountedEarly,
          record("producer", "marker", "error", { errno: "ETIMEDOUT" }),
          record("default", "read", "error", { errno: "ENOENT" }),
        ],
      }),
    ],
    ["the daemon failed and the consumer has not looked", evidence({ records: [mountFailed] })],
    ["a node is just back", evidence({ pods: [pending("producer", NOT_READY)], nodeFact: justBack })],
    [
      "a node is just back, in a newer scheduler's words",
      evidence({
        pods: [pending("producer", "0/2 nodes are available: 1 node(s) had untolerated taint(s).")],
        nodeFact: justBack,
      }),
    ],
    [
      "a node is short of cpu, and others do not match",
      evidence({
        pods: [
          pending(
            "producer",
            "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't match Pod's node affinity/selector.",
          ),
        ],
      }),
    ],
    [
      "a node is short of cpu",
      evidence({ pods: [pending("producer", "0/2 nodes are available: 1 Insufficient cpu.")] }),
    ],
  ];
  for (const [what, given] of open) it(`is open while ${what}`, () => assert.equal(judge(given), undefined));

  const spoiled: readonly [what: string, (records: typeof success) => typeof success][] = [
    ["the control is silent", (records) => records.filter(({ role }) => role !== "control")],
    ["the producer's nonce is unknown", (records) => records.filter(({ step }) => step !== "marker")],
    ["the hardened reader is silent", (records) => records.filter(({ role }) => role !== "hardened")],
  ];
  for (const [what, spoil] of spoiled) {
    it(`is never success when ${what}`, () => {
      const given = evidence({ records: spoil(success), final: true });
      assert.notEqual(judge(given)?.verdict, "success");
    });
  }

  it("tells of a success whose daemon did not come back, and does not advise as if it had", () => {
    const again = record("producer", "mount", "error", { uptime: 2070, detail: "cannot lock the cache directory" });
    const given = evidence({ records: [...success, record("producer", "crash", "ok", { uptime: 2060 }), again] });
    const judged = judge(given);
    assert.deepEqual([judged?.verdict, judged?.grade], ["success", undefined]);
    assert.match(JSON.stringify(judged?.notes), /daemon-not-back.*cannot lock the cache/);
    assert.match(judged?.decision.nextStep ?? "", /whether readers come back/);
    assert.match(judged?.decision.manifest ?? "", /livenessProbe/);
  });

  it("does not repeat what a kubelet says of each container and attempt", () => {
    const ids = ["a".repeat(64), "b".repeat(64)];
    const pods = ids.map((id) =>
      waiting("consumer", "fuse-consumer", "CreateContainerError", NOT_SHARED.replace("36732df6", id)),
    );
    assert.equal(judge(evidence({ pods }))?.evidence.length, 1);
  });

  it("of several nodes is the worst one's", () => {
    const good = judge(evidence({ records: success }));
    const bad = judge(evidence({ pods: [waiting("producer", "fuse-producer", "CreateContainerError", NOT_SHARED)] }));
    assert.ok(good && bad);
    assert.equal(worst({ a: good, b: bad, c: good }).node, "b");
  });
});
