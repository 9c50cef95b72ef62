import assert from "node:assert/strict";
import { diagnosisOf } from "../../../core/live/index.ts";
import type { Question } from "../../../core/live/links.ts";
import { DAEMON, DEAD, factsOf, type Given, READER } from "./cases.ts";

const VOLUME = "2 1 8:1 /mnt/media /media rw shared:1 - ext4 a rw";
const FUSE = "3 2 0:76 / /media/dfs rw shared:36 - fuse.rclone r: rw,user_id=0,allow_other";
const THEIRS = "2 1 8:1 /mnt/media /media rw master:1 - ext4 a rw";
const SEEN = "3 2 0:76 / /media/dfs rw master:36 - fuse.rclone r: rw,user_id=0,allow_other";
const ended = (reason: string, exitCode: number) => ({
  restartCount: 3,
  state: { waiting: { reason: "CrashLoopBackOff", message: "back-off" } },
  lastState: { terminated: { reason, exitCode } },
});

interface Case {
  readonly is: string;
  readonly daemon?: Given;
  readonly reader?: Given;
  /** What is proven. */
  readonly finds: readonly string[];
  /** What the evidence quotes. */
  readonly quotes?: RegExp;
  /** Of the object that is at fault. */
  readonly object?: "rclone" | "sonarr";
  readonly question?: Question;
}

const cases: readonly Case[] = [
  { is: "all is well", finds: [] },
  {
    is: "a reader without propagation",
    reader: { mount: {}, table: ["2 1 8:1 /mnt/media /media rw - ext4 a rw"], answers: {} },
    finds: ["consumer-not-host-to-container"],
    quotes: /mountPropagation: None/,
    object: "sonarr",
  },
  {
    is: "a runtime that drops the reader's propagation",
    reader: { table: ["2 1 8:1 /mnt/media /media rw - ext4 a rw"], answers: {} },
    finds: ["runtime-drops-propagation"],
    object: "sonarr",
  },
  {
    is: "a runtime that drops the daemon's propagation",
    daemon: { table: [VOLUME.replace("shared:1 ", ""), FUSE.replace("shared:36 ", "")] },
    reader: { table: [THEIRS], answers: {} },
    finds: ["runtime-drops-propagation"],
    object: "rclone",
  },
  {
    is: "a daemon without Bidirectional",
    daemon: { mount: { mountPropagation: "HostToContainer" }, table: [THEIRS, FUSE.replace("shared:36 ", "")] },
    reader: { table: [THEIRS], answers: {} },
    finds: ["producer-not-bidirectional"],
    object: "rclone",
  },
  {
    is: "a reader whose volume is an earlier mount",
    reader: {
      mount: { mountPath: "/media/dfs", mountPropagation: "HostToContainer" },
      volume: { hostPath: { path: "/mnt/media/dfs", type: "Directory" } },
      table: ["2 1 0:70 / /media/dfs rw master:30 - fuse.rclone r: rw"],
      answers: { "/media/dfs": DEAD },
    },
    finds: ["consumer-binds-mountpoint"],
    quotes: /0:70 .*|Transport endpoint/,
    object: "sonarr",
  },
  {
    is: "a subPath into the mount",
    reader: {
      mount: { mountPath: "/media/dfs", subPath: "dfs", mountPropagation: "HostToContainer" },
      table: ["2 1 0:70 / /media/dfs rw master:30 - fuse.rclone r: rw"],
      answers: { "/media/dfs": DEAD },
    },
    finds: ["subpath-used"],
    object: "sonarr",
  },
  {
    is: "another directory of the node",
    reader: { table: [THEIRS.replace("/mnt/media", "/mnt/other")], answers: {} },
    finds: ["bridge-not-hostpath"],
    quotes: /\/mnt\/other/,
  },
  {
    is: "an emptyDir of the same name",
    reader: { volume: { emptyDir: {} }, table: [THEIRS.replace("/mnt/media", "/pods/2")], answers: {} },
    finds: ["bridge-not-hostpath"],
  },
  { is: "two nodes", reader: { node: "w3" }, finds: ["different-nodes"], quotes: /nodeName: w3/, object: "sonarr" },
  {
    is: "two mounts upon each other",
    daemon: { table: [VOLUME, FUSE, FUSE.replace("0:76", "0:77")] },
    reader: { table: [THEIRS, SEEN, SEEN.replace("0:76", "0:77")] },
    finds: ["stacked-mounts"],
    object: "rclone",
  },
  {
    is: "a mount without allow_other",
    daemon: { table: [VOLUME, FUSE.replace(",allow_other", "")] },
    reader: {
      table: [THEIRS, SEEN.replace(",allow_other", "")],
      answers: { "/media/dfs": { errno: "EACCES", words: "stat: '/media/dfs': Permission denied" } },
    },
    finds: ["allow-other-missing"],
    quotes: /user_id=0$|Permission denied/,
    object: "rclone",
  },
  {
    is: "a refusal that allow_other does not explain",
    reader: { answers: { "/media/dfs": { errno: "EACCES", words: "Permission denied" } } },
    finds: ["unknown"],
  },
  {
    is: "a daemon that does not answer",
    daemon: { answers: { "/media/dfs": { errno: "ETIMEDOUT", words: "no answer within 3 s" } } },
    reader: { answers: { "/media/dfs": { errno: "ETIMEDOUT", words: "no answer within 3 s" } } },
    finds: ["daemon-hung"],
    quotes: /no answer within 3 s/,
    object: "rclone",
  },
  {
    is: "a daemon that has ended beside its shell",
    daemon: { answers: { "/media/dfs": DEAD } },
    reader: { answers: { "/media/dfs": DEAD } },
    finds: ["daemon-ended"],
    object: "rclone",
  },
  {
    is: "a daemon that its predecessor's dead mount keeps from starting",
    daemon: {
      status: ended("Error", 1),
      log: ["mkdir: can't create directory '/media/dfs': Transport endpoint is not connected"],
    },
    reader: { answers: { "/media/dfs": DEAD } },
    finds: ["stale-mount-left"],
    quotes: /can't create directory[\s\S]*0:76/,
    object: "rclone",
  },
  {
    is: "a daemon that speaks so of its own backend",
    daemon: { status: ended("Error", 1), log: ["ftp: Transport endpoint is not connected"] },
    reader: { table: [THEIRS], answers: {} },
    finds: ["daemon-ended"],
  },
  {
    is: "a daemon out of memory",
    daemon: { status: ended("OOMKilled", 137) },
    reader: { table: [THEIRS], answers: {} },
    finds: ["daemon-killed"],
    quotes: /OOMKilled, exit code 137/,
  },
  {
    is: "a daemon that was killed, whose mount is still there",
    daemon: { status: ended("Error", 137) },
    reader: { answers: { "/media/dfs": DEAD } },
    finds: ["daemon-killed"],
    quotes: /exit code 137[\s\S]*0:76/,
    object: "rclone",
  },
  {
    is: "an image without fusermount",
    daemon: {
      status: ended("Error", 1),
      log: ['Fatal error: failed to mount FUSE fs: fusermount: exec: "fusermount": executable file not found in $PATH'],
    },
    reader: { table: [THEIRS], answers: {} },
    finds: ["fusermount-missing"],
  },
  {
    is: "a daemon that has not mounted",
    daemon: { table: [VOLUME] },
    reader: { table: [THEIRS], answers: {} },
    finds: ["producer-never-mounted"],
    quotes: /running since 2026-01-01T00:00:00.000Z/,
    object: "rclone",
  },
  {
    is: "a daemon that mounts outside of its volume",
    daemon: { table: [VOLUME, FUSE.replace("/media/dfs", "/data/dfs")] },
    reader: { table: [THEIRS], answers: {} },
    finds: ["producer-never-mounted"],
    quotes: /\/data\/dfs/,
  },
  {
    is: "a daemon that has unmounted its volume",
    daemon: { table: [FUSE.replace("/media/dfs", "/media")] },
    reader: { table: [THEIRS], answers: {} },
    finds: ["peer-group-destroyed"],
    object: "rclone",
  },
  {
    is: "the same with an older runtime, where the mount is in no peer group",
    daemon: { table: [FUSE.replace("/media/dfs", "/media").replace("shared:36 ", "")] },
    reader: { table: [THEIRS], answers: {} },
    finds: ["peer-group-destroyed"],
  },
  {
    is: "a mount that does not arrive, and nobody knows why",
    reader: { table: [THEIRS.replace("master:1", "master:9")], answers: {} },
    finds: ["unknown"],
    quotes: /shared:36[\s\S]*master:9/,
  },
  {
    is: "a dead mount of a daemon that is gone",
    daemon: { table: [VOLUME, FUSE] },
    reader: {
      table: [THEIRS, SEEN, SEEN.replaceAll("0:76", "0:60").replace("/media/dfs", "/media/old")],
      answers: { "/media/dfs": { words: "answered" }, "/media/old": DEAD },
    },
    finds: ["stale-mount-left"],
    quotes: /0:60/,
  },
  {
    is: "the same, where only another directory is asked about",
    daemon: { table: [VOLUME, FUSE] },
    reader: {
      table: [THEIRS, SEEN, SEEN.replaceAll("0:76", "0:60").replace("/media/dfs", "/media/old")],
      answers: { "/media/dfs": { words: "answered" }, "/media/old": DEAD },
    },
    finds: [],
    question: { path: "/media/dfs" },
  },
  {
    is: "a private root",
    daemon: {
      status: {
        state: {
          waiting: {
            reason: "CreateContainerError",
            message: 'path "/mnt/media" is mounted on "/" but it is not a shared mount',
          },
        },
      },
    },
    reader: {
      status: {
        state: {
          waiting: {
            reason: "CreateContainerError",
            message: 'path "/mnt/media" is mounted on "/" but it is not a shared or slave mount',
          },
        },
      },
    },
    finds: ["node-root-private", "node-root-private"],
    quotes: /not a shared mount/,
  },
  {
    is: "an agent that mounts something else in a directory that it shares",
    daemon: {
      container: { securityContext: { privileged: true } },
      table: [VOLUME, "3 2 8:2 / /media/disk rw shared:40 - ext4 b rw"],
    },
    reader: { table: [THEIRS, "3 2 8:2 / /media/disk rw master:40 - ext4 b rw"], answers: {} },
    finds: [],
  },
  {
    is: "a writer of plain files who is named",
    daemon: { mount: {}, container: {}, table: [VOLUME.replace("shared:1 ", "")] },
    reader: { table: [THEIRS], answers: {} },
    finds: ["producer-never-mounted"],
    question: { producer: "Deployment media/rclone", reader: "Deployment media/sonarr" },
  },
];

describe("a diagnosis of pods that run", () => {
  for (const { is, daemon, reader, finds, quotes, object, question = {} } of cases)
    it(`${finds.join(", ") || "nothing"}: ${is}`, () => {
      const facts = factsOf({ rclone: { ...DAEMON, ...daemon }, sonarr: { ...READER, ...reader } });
      const { findings } = diagnosisOf(facts, question);
      const proven = findings.filter(({ basis }) => basis === "proof");
      assert.deepEqual(proven.map(({ id }) => id).sort(), [...finds].sort(), JSON.stringify(findings, null, 2));
      for (const { fix, message, path, evidence, file } of proven) {
        assert.doesNotMatch(`${message}${fix}${path}${file}`, /undefined|\[object/);
        assert.ok(evidence.length > 0 && fix.length > 10);
      }
      if (quotes)
        assert.match(proven.map(({ evidence }) => evidence.map(({ text }) => text).join("\n")).join("\n"), quotes);
      if (object)
        assert.deepEqual(
          proven.map((one) => one.object),
          [`Deployment media/${object}`],
        );
    });

  it("takes the patch of the manifest's finding for what it proves, and says what only the manifest says as an inference", () => {
    const reader = { ...READER, mount: {}, table: [THEIRS.replace("master:1 ", "")], container: {} };
    const { findings } = diagnosisOf(factsOf({ rclone: DAEMON, sonarr: reader }), {});
    assert.deepEqual(
      findings.map(({ id, basis, severity }) => [id, basis, severity]),
      [
        ["consumer-not-host-to-container", "proof", "error"],
        ["gate-missing", "inference", "advice"],
        ["liveness-missing", "inference", "advice"],
      ],
    );
    assert.match(
      findings[0]?.fix ?? "",
      /"path":"\/spec\/template\/spec\/containers\/0\/volumeMounts\/0\/mountPropagation"/,
    );
  });

  it("infers that two who are named have nothing in common", () => {
    const reader = { ...READER, volume: { emptyDir: {} }, mount: { name: "media", mountPath: "/config" } };
    const facts = factsOf({ rclone: DAEMON, sonarr: reader });
    const question = { producer: "Deployment media/rclone", reader: "Deployment media/sonarr" };
    const { findings } = diagnosisOf(facts, question);
    assert.deepEqual(
      findings.map(({ id, basis }) => [id, basis]),
      [["bridge-not-hostpath", "inference"]],
    );
    assert.match(findings[0]?.evidence[0]?.text ?? "", /media: \/mnt\/media/);
    assert.deepEqual(diagnosisOf(facts, {}).findings, []);
  });

  describe("of two who are named and share a directory", () => {
    const question = { producer: "Deployment media/rclone", reader: "Deployment media/sonarr" };
    const found = (daemon: Given, more: Partial<Question>) =>
      diagnosisOf(factsOf({ rclone: daemon, sonarr: READER }), { ...question, ...more }).findings;

    it("says where that is, where a path is asked about at which there is nothing", () => {
      const [finding, ...others] = found(DAEMON, { path: "/mnt/dfs" });
      assert.deepEqual(others, []);
      assert.equal(
        finding?.message,
        "nothing at /mnt/dfs: what Deployment media/sonarr and Deployment media/rclone share is at /media",
      );
      assert.match(finding?.fix ?? "", /--path/);
    });

    it("says where that is, where the daemon mounts elsewhere", () => {
      const volumeMounts = [
        { name: "media", mountPath: "/media" },
        { name: "own", mountPath: "/own", mountPropagation: "Bidirectional" },
      ];
      const container = { ...DAEMON.container, command: ["rclone", "mount", "r:", "/own/dfs"], volumeMounts };
      const facts = factsOf({ rclone: { ...DAEMON, container, table: [VOLUME] }, sonarr: READER });
      const [theirs] = facts.pods;
      theirs?.pod.spec?.volumes?.push({ name: "own", hostPath: { path: "/srv/own" } });
      const [finding] = diagnosisOf(facts, question).findings;
      assert.match(finding?.message ?? "", /share what is at \/media, and the daemon mounts nothing there/);
    });
  });

  describe("of a daemon without readers", () => {
    const initializing = { state: { waiting: { reason: "PodInitializing" } } };
    const back = {
      state: { waiting: { reason: "CrashLoopBackOff" } },
      lastState: { terminated: { exitCode: 1, reason: "Error" } },
    } as Given["init"];
    const rows: readonly [what: string, daemon: Given, finds: readonly string[], quotes: RegExp][] = [
      ["that runs", {}, [], /^$/],
      ["that is only starting", { status: initializing, init: { state: { running: {} } } }, [], /^$/],
      [
        "whose image is not there",
        {
          status: initializing,
          init: { state: { waiting: { reason: "ImagePullBackOff", message: "x: not found" } } },
          events: ["Failed to pull image x: not found"],
        },
        ["image-unavailable"],
        /ImagePullBackOff/,
      ],
      [
        "whose mount point another one serves",
        { status: initializing, init: { ...back, log: ["another daemon serves /mnt/media/dfs: it stays"] } },
        ["two-mounters"],
        /CrashLoopBackOff; ended with exit code 1, 3 restarts\nanother daemon serves/,
      ],
      [
        "whose init container fails",
        { status: initializing, init: { ...back, log: ["no space"] } },
        ["producer-never-mounted"],
        /exit code 1[\s\S]*no space/,
      ],
      [
        "whose volume does not come",
        {
          status: { state: { waiting: { reason: "ContainerCreating" } } },
          events: ['MountVolume.SetUp failed: secret "rclone" not found', "again"],
        },
        ["producer-never-mounted"],
        /secret "rclone" not found/,
      ],
    ];
    for (const [what, daemon, finds, quotes] of rows)
      it(`${what} finds ${finds.join() || "nothing"}`, () => {
        const facts = factsOf({ rclone: { ...DAEMON, ...daemon } });
        const { findings, producers, lone, readers } = diagnosisOf(facts, {});
        assert.deepEqual([producers, lone, readers], [1, ["Deployment media/rclone"], 0]);
        const proven = findings.filter(({ severity }) => severity === "error");
        assert.deepEqual(
          proven.map(({ id, object }) => [id, object]),
          finds.map((id) => [id, "Deployment media/rclone"]),
        );
        assert.match(proven.flatMap(({ evidence }) => evidence.map(({ text }) => text)).join("\n"), quotes);
        for (const { fix } of proven) assert.doesNotMatch(fix, /No cause is known/);
        assert.deepEqual(diagnosisOf(facts, { path: "/elsewhere" }).lone, []);
      });

    it("is none where it only shares a directory in both directions", () => {
      const container = { securityContext: { privileged: true } };
      assert.deepEqual(diagnosisOf(factsOf({ agent: { ...DAEMON, container, table: [VOLUME] } }), {}).lone, []);
    });
  });

  it("says what works, and what could not be read", () => {
    const { seen, unread, producers, readers, nodes } = diagnosisOf(
      factsOf({ rclone: DAEMON, sonarr: READER, radarr: { ...READER, table: [] } }),
      {},
    );
    assert.deepEqual(seen, [
      "Deployment media/sonarr sees fuse.rclone of Deployment media/rclone at /media/dfs (shared:36 -> master:36), and it answers",
    ]);
    assert.deepEqual(
      unread.map(({ whose }) => whose),
      ["radarr of radarr-abc-1"],
    );
    assert.deepEqual([producers, readers, nodes], [1, 2, [{ name: "w2", taints: [] }]]);
  });

  it("takes a node for the user's own only where the user has named it", () => {
    const facts = factsOf({ rclone: DAEMON, sonarr: READER });
    const free = facts.pods.map((one) => {
      const { nodeSelector: _, ...spec } = one.pod.spec as object as Record<string, unknown>;
      return { ...one, pod: { ...one.pod, spec } as unknown as typeof one.pod };
    });
    const named = free.map((one) => ({
      ...one,
      pod: {
        ...one.pod,
        metadata: { ...one.pod.metadata, managedFields: [{ fieldsV1: { "f:spec": { "f:nodeName": {} } } }] },
      },
    }));
    const idsOf = (pods: typeof facts.pods) => diagnosisOf({ ...facts, pods }, {}).findings.map(({ id }) => id);
    assert.deepEqual(idsOf(free), ["not-colocated"]);
    assert.deepEqual(idsOf(named), []);
  });
});
