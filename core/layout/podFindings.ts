/** What is wrong with where pods run, how they start, and how they notice that a mount is gone. */
import { type Finding, finding, type PatchOperation, set } from "./finding.ts";
import { areApart, areTogether, pinnedTo } from "./nodes.ts";
import { type Producer, type Reader, seenAt } from "./pairs.ts";
import { type Fields, listOf, mapOf, stringOf, type Workload, type WorkloadContainer } from "./workload.ts";

/** Kinds whose pods come to an end by themselves. */
const ENDING: ReadonlySet<string> = new Set(["Job", "CronJob"]);

export function placementFindings({ workload, producer, beside, elsewhere }: Reader): Finding[] {
  const there = producer.workload;
  if (beside || elsewhere) return [];
  if (areApart(workload, there)) {
    const [node = ""] = pinnedTo(there) ?? [];
    return [
      finding(
        "different-nodes",
        workload,
        pinPath(workload),
        `The pods can never be on one node: ${there.object} is pinned to ${(pinnedTo(there) ?? []).join(", ")}, and this one to ${(pinnedTo(workload) ?? []).join(", ")}. A mount propagates within a node, and no further.`,
        pinPatch(workload, node),
      ),
    ];
  }
  if (areTogether(workload, there)) return [];
  const labels = Object.entries(there.labels);
  return [
    finding(
      "not-colocated",
      workload,
      workload.at,
      `Nothing makes sure that this pod and ${there.object} are on one node, and a mount propagates within a node, and no further. On a cluster of one node it works, until there is a second.`,
      labels.length === 0
        ? `Pin both pods to one node (nodeSelector kubernetes.io/hostname), or give ${there.object} a label and this pod a podAffinity to it.`
        : [affinity(workload, { labelSelector: { matchLabels: there.labels }, topologyKey: "kubernetes.io/hostname" })],
    ),
  ];
}

function pinPath({ at, spec }: Workload): string {
  if (stringOf(spec.nodeName)) return `${at}.nodeName`;
  return mapOf(spec.nodeSelector)["kubernetes.io/hostname"] === undefined
    ? `${at}.affinity.nodeAffinity`
    : `${at}.nodeSelector["kubernetes.io/hostname"]`;
}

function pinPatch(workload: Workload, node: string): PatchOperation[] {
  const path = pinPath(workload);
  if (!path.endsWith("nodeAffinity")) return [{ op: "replace", path, value: node }];
  const { nodeSelector } = workload.spec;
  return [
    { op: "remove", path },
    nodeSelector === undefined
      ? set(`${workload.at}.nodeSelector`, { "kubernetes.io/hostname": node })
      : set(`${workload.at}.nodeSelector["kubernetes.io/hostname"]`, node),
  ];
}

/** Adds a term, however much of the affinity is there. */
function affinity({ at, spec }: Workload, term: Fields): PatchOperation {
  const key = "requiredDuringSchedulingIgnoredDuringExecution";
  const here = mapOf(spec.affinity);
  if (spec.affinity === undefined) return set(`${at}.affinity`, { podAffinity: { [key]: [term] } });
  if (here.podAffinity === undefined) return set(`${at}.affinity.podAffinity`, { [key]: [term] });
  return mapOf(here.podAffinity)[key] === undefined
    ? set(`${at}.affinity.podAffinity.${key}`, [term])
    : set(`${at}.affinity.podAffinity.${key}[-]`, term);
}

/** Words that ask for the mount itself, and not for the directory below it. */
const ASKS_FOR_MOUNT = /mountinfo|\/proc\/(self\/)?mounts|\bmountpoint\b|\bfindmnt\b|stat\s+-f|\bdf\b/;

/** Words that take away what a predecessor has left. */
const CLEARS = /\bumount2?\b|\bfusermount3?\b/;

export function readerPodFindings(reader: Reader): Finding[] {
  const { workload, container, mount, producer, beside, elsewhere } = reader;
  if (elsewhere) return [];
  const path = pathOf(reader);
  const findings: Finding[] = [];
  if (!isGated(workload, container, mount.volume) && !beside)
    findings.push(
      finding(
        "gate-missing",
        workload,
        container.at,
        `${container.name} starts whether or not the mount is there: started first, it lists an empty directory, and writes into it what the mount then hides (kubernetes-sigs/blob-csi-driver#558).`,
        gate(reader, path),
      ),
    );
  const { livenessProbe } = container.fields;
  if (!touches(livenessProbe, mount.path, path) && !ENDING.has(workload.kind))
    findings.push(
      finding(
        "liveness-missing",
        workload,
        `${container.at}.livenessProbe`,
        `Nothing restarts ${container.name} when it has lost the mount${livenessProbe !== undefined ? ": its liveness probe does not look at it" : ""}. After a crash of ${producer.container.name} a reader that does not come back by itself stays at \`Transport endpoint is not connected\`.`,
        livenessProbe !== undefined
          ? `Let the probe read ${path} as well: timeout -s KILL 5 ls ${path}`
          : [set(`${container.at}.livenessProbe`, LIVENESS(path))],
      ),
    );
  return [...findings, ...hangs(workload, container, [mount.path, path])];
}

const LIVENESS = (path: string) => ({
  exec: { command: ["sh", "-c", `timeout -s KILL 5 ls ${path} >/dev/null`] },
  periodSeconds: 10,
  timeoutSeconds: 10,
  failureThreshold: 3,
});

/** Where a reader has the mount, as far as that is known. */
const pathOf = (reader: Reader): string =>
  (reader.producer.point === undefined ? undefined : seenAt(reader, reader.producer.point)) ?? reader.mount.path;

function isGated({ spec, containers }: Workload, container: WorkloadContainer, volume: string): boolean {
  const waits = containers.some(
    ({ init, mounts, words }) =>
      init && (mounts.some((one) => one.volume === volume) || ASKS_FOR_MOUNT.test(words.join(" "))),
  );
  const startup = mapOf(container.fields.startupProbe).exec !== undefined;
  return waits || startup || spec.schedulingGates !== undefined || ASKS_FOR_MOUNT.test(container.words.join(" "));
}

function gate({ workload, container, mount }: Reader, path: string): PatchOperation[] {
  const waiting = {
    name: "wait-for-mount",
    image: container.image,
    command: ["sh", "-c", `until grep -q ' ${path}.* - fuse' /proc/self/mountinfo; do sleep 1; done`],
    volumeMounts: [{ name: mount.volume, mountPath: mount.path, mountPropagation: "HostToContainer" }],
  };
  return [
    workload.spec.initContainers === undefined
      ? set(`${workload.at}.initContainers`, [waiting])
      : set(`${workload.at}.initContainers[-]`, waiting),
  ];
}

/** Whether a probe runs a command that goes to the mount. */
function touches(probe: unknown, ...paths: readonly string[]): boolean {
  const words = listOf(mapOf(mapOf(probe).exec).command)
    .map(stringOf)
    .join(" ");
  return words !== "" && (paths.some((path) => words.includes(path)) || ASKS_FOR_MOUNT.test(words));
}

/** Probes that wait for a daemon which does not answer. */
function hangs(workload: Workload, container: WorkloadContainer, paths: readonly string[]): Finding[] {
  return ["livenessProbe", "readinessProbe", "startupProbe"].flatMap((name) => {
    const probe = container.fields[name];
    const command = listOf(mapOf(mapOf(probe).exec).command).map(stringOf);
    const words = command.join(" ");
    const asksKernel = /mountinfo|\/proc\/(self\/)?mounts/.test(words) && !paths.some((path) => readsFrom(words, path));
    if (!touches(probe, ...paths) || asksKernel || /\btimeout\b/.test(words)) return [];
    const at = `${container.at}.${name}.exec.command`;
    return [
      finding(
        "liveness-can-hang",
        workload,
        at,
        `The ${name} of ${container.name} asks the mount without a deadline of its own: while the daemon hangs its process waits in the kernel, one more each time, and cannot be ended (juicedata/juicefs-csi-driver#907).`,
        [{ op: "replace", path: at, value: ["timeout", "-s", "KILL", "5", ...command] }],
      ),
    ];
  });
}

/** Whether a command reads from a path, and does not only look for it in the mount table. */
const readsFrom = (words: string, path: string): boolean =>
  new RegExp(
    `\\b(ls|cat|stat|test|find|head|dd|touch|du|mountpoint|\\[)\\s[^;&|]*${path.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`,
  ).test(words);

export function producerPodFindings(producer: Producer, readers: readonly Reader[]): Finding[] {
  const { workload, container, mount } = producer;
  if (readers.length === 0) return [];
  const words = [
    ...workload.containers.filter(({ init }) => init).flatMap((one) => one.words),
    ...container.words,
    ...listOf(mapOf(mapOf(mapOf(container.fields.lifecycle).postStart).exec).command).map(stringOf),
  ].join(" ");
  const point = producer.point === undefined ? undefined : seenAt(producer, producer.point);
  const findings = hangs(workload, container, [mount.path, ...(point === undefined ? [] : [point])]);
  if (CLEARS.test(words) || ENDING.has(workload.kind)) return findings;
  return [
    ...findings,
    finding(
      "stale-mount-not-cleared",
      workload,
      container.at,
      `Nothing takes away the dead mount of a predecessor before ${container.name} mounts: after a crash the next daemon finds \`Transport endpoint is not connected\` in its way, or mounts over it, and mounts pile up on the node.`,
      clearing(producer, point),
    ),
  ];
}

function clearing({ workload, container, mount }: Producer, point: string | undefined): string | PatchOperation[] {
  if (point === undefined)
    return "Run `umount -l MOUNTPOINT || true` in a privileged init container that has the volume with Bidirectional.";
  const clear = {
    name: "clear-dead-mount",
    image: container.image,
    command: ["sh", "-c", `umount -l ${point} 2>/dev/null || true`],
    securityContext: { privileged: true },
    volumeMounts: [{ name: mount.volume, mountPath: mount.path, mountPropagation: "Bidirectional" }],
  };
  return [
    workload.spec.initContainers === undefined
      ? set(`${workload.at}.initContainers`, [clear])
      : set(`${workload.at}.initContainers[0]`, clear),
  ];
}

export function rivals(producers: readonly Producer[]): Finding[] {
  const several = producers.flatMap(({ workload, container }) =>
    workload.replicas > 1 && workload.kind !== "DaemonSet"
      ? [
          finding(
            "two-mounters",
            workload,
            "spec.replicas",
            `${workload.replicas} replicas of ${container.name} mount on one mount point where they share a node: each mounts over the other, and whoever ends first takes the wrong one away.`,
            [{ op: "replace", path: "spec.replicas", value: 1 }],
          ),
        ]
      : [],
  );
  const twice = producers.flatMap((one, index) => {
    const other = producers
      .slice(0, index)
      .find(
        (earlier) =>
          earlier.workload !== one.workload &&
          one.mounting &&
          earlier.mounting &&
          (one.point ?? one.volume) === (earlier.point ?? earlier.volume) &&
          !areApart(one.workload, earlier.workload),
      );
    return other
      ? [
          finding(
            "two-mounters",
            one.workload,
            one.mount.at,
            `${one.container.name} mounts where ${other.container.name} of ${other.workload.object} mounts already: the later mount hides the earlier one, and readers see whichever is on top.`,
            "Give each daemon a mount point of its own below the shared directory.",
          ),
        ]
      : [];
  });
  return [...several, ...twice];
}
