/** Facts of pods that run, as tests need them: two pods of Deployments, their mount tables, and what was answered. */
import type { CoreV1Event, V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import type { Answer, Facts, LiveView, Unread } from "../../../core/live/facts.ts";
import { mountTable } from "../../../core/live/mountTable.ts";
import { livePod } from "../../../core/live/pods.ts";

export interface Given {
  readonly node?: string;
  readonly mount?: Record<string, unknown>;
  readonly volume?: Record<string, unknown>;
  readonly container?: Record<string, unknown>;
  readonly labels?: Record<string, string>;
  readonly status?: Partial<V1ContainerStatus>;
  /** Of an init container `prepare`, and what it said. */
  readonly init?: Partial<V1ContainerStatus> & { readonly log?: readonly string[] };
  /** Lines of its mount table; none: it could not be read. */
  readonly table?: readonly string[];
  readonly answers?: Readonly<Record<string, Answer>>;
  readonly log?: readonly string[];
  readonly events?: readonly string[];
}

const STARTED = new Date("2026-01-01T00:00:00Z");

export function pod(app: string, { node = "w2", mount, volume, container, labels, status, init }: Given): V1Pod {
  const spec = {
    nodeName: node,
    nodeSelector: { "kubernetes.io/hostname": node },
    containers: [
      {
        name: app,
        image: "x",
        volumeMounts: [{ name: "media", mountPath: "/media", ...mount }],
        ...container,
      },
    ],
    volumes: [{ name: "media", ...(volume ?? { hostPath: { path: "/mnt/media", type: "Directory" } }) }],
  };
  return {
    metadata: {
      ...{ name: `${app}-abc-1`, namespace: "media", uid: `uid-${app}`, creationTimestamp: STARTED },
      labels: { app, "pod-template-hash": "abc", ...labels },
      ownerReferences: [{ kind: "ReplicaSet", name: `${app}-abc`, controller: true, apiVersion: "apps/v1", uid: "u" }],
    },
    spec,
    status: {
      phase: "Running",
      ...(init ? { initContainerStatuses: [{ name: "prepare", image: "x", restartCount: 3, ...init }] } : {}),
      containerStatuses: [
        {
          ...{ name: app, image: "x", imageID: "", ready: true, restartCount: 0 },
          state: { running: { startedAt: STARTED } },
          ...status,
        },
      ],
    },
  } as unknown as V1Pod;
}

/** What the daemon's container is, unless a case changes it. */
export const DAEMON: Given = {
  mount: { mountPropagation: "Bidirectional" },
  container: {
    command: ["rclone", "mount", "r:", "/media/dfs", "--allow-other"],
    securityContext: { privileged: true },
    lifecycle: { postStart: { exec: { command: ["sh", "-c", "umount -l /media/dfs"] } } },
  },
  table: [
    "1 0 0:2 / / rw - overlay o rw",
    "2 1 8:1 /mnt/media /media rw shared:1 - ext4 a rw",
    "3 2 0:76 / /media/dfs rw shared:36 - fuse.rclone r: rw,user_id=0,allow_other",
  ],
};

export const READER: Given = {
  mount: { mountPropagation: "HostToContainer" },
  container: {
    startupProbe: { exec: { command: ["timeout", "5", "mountpoint", "/media/dfs"] } },
    livenessProbe: { exec: { command: ["timeout", "5", "ls", "/media/dfs"] } },
  },
  table: [
    "1 0 0:3 / / rw - overlay o rw",
    "2 1 8:1 /mnt/media /media rw master:1 - ext4 a rw",
    "3 2 0:76 / /media/dfs rw master:36 - fuse.rclone r: rw,user_id=0,allow_other",
  ],
  answers: { "/media/dfs": { words: "answered" } },
};

export const DEAD: Answer = { errno: "ENOTCONN", words: "stat: '/media/dfs': Transport endpoint is not connected" };

function lookOf({ table, answers }: Given): LiveView | Unread {
  return table === undefined || table.length === 0
    ? { words: "its image has no cat", remedy: "--allow-ephemeral" }
    : { table: mountTable(table.join("\n")), answers: new Map(Object.entries(answers ?? {})), uid: "1000" };
}

export function factsOf(ends: Readonly<Record<string, Given>>): Facts {
  const pods = Object.entries(ends).map(([app, given]) => ({ app, given, live: livePod(pod(app, given)) }));
  return {
    pods: pods.map(({ live }) => live),
    events: pods.flatMap(({ live, given }) =>
      (given.events ?? []).map(
        (message) =>
          ({ involvedObject: { kind: "Pod", name: live.name }, reason: "Failed", message }) as unknown as CoreV1Event,
      ),
    ),
    nodes: new Map([["w2", "unreadable"]]),
    looks: new Map(
      pods
        .filter(({ given }) => given.status?.state?.waiting === undefined)
        .map(({ app, given, live }) => [`media/${live.name}/${app}`, lookOf(given)]),
    ),
    logs: new Map(
      pods.flatMap(({ app, given, live }) => [
        [`media/${live.name}/${app}`, given.log ?? []],
        [`media/${live.name}/prepare`, given.init?.log ?? []],
      ]),
    ),
  };
}
