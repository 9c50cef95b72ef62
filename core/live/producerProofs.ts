/** What a daemon's container shows: has it mounted, does the mount leave the container, does anybody answer. */
import type { V1ContainerStatus } from "@kubernetes/client-node";
import type { Quote } from "../diagnosis/causes/cause.ts";
import { IN_THE_WAY, NO_FUSERMOUNT, saysOf, TOO_MANY_MOUNTS } from "../diagnosis/causes/words.ts";
import type { Producer } from "../layout/pairs.ts";
import { isRead, keyOf } from "./facts.ts";
import { type LinkSide, runs } from "./links.ts";
import { isFuseMount, type MountLine, peersOf } from "./mountTable.ts";
import {
  answerQuote,
  errnoOf,
  fuseOf,
  isDead,
  lineQuote,
  livePodQuote,
  lookOf,
  type Proof,
  proof,
  volumeLine,
} from "./proof.ts";

/** What daemons, and the tools that they call, say where they cannot mount. */
const SAYS: readonly { readonly id: string; readonly words: RegExp; readonly message: string }[] = [
  {
    id: "fusermount-missing",
    words: NO_FUSERMOUNT,
    message: "The daemon calls fusermount, and its image has none of that name.",
  },
  {
    id: "fuse-device-denied",
    words: /open(ing)? \/dev\/fuse: (Operation not permitted|Permission denied)/i,
    message: "The daemon's container may not open /dev/fuse.",
  },
  {
    id: "fuse-unavailable",
    words: /device not found, try 'modprobe fuse'|\/dev\/fuse: No such (file|device)/i,
    message: "There is no /dev/fuse for the daemon.",
  },
  {
    id: "mount-limit",
    words: TOO_MANY_MOUNTS,
    message: "fusermount refuses another mount: mount_max of /etc/fuse.conf is reached.",
  },
];

interface Known {
  readonly logs: ReadonlyMap<string, readonly string[]>;
  readonly path?: string | undefined;
}

export function producerProofs(side: LinkSide<Producer>, { logs, path }: Known): Proof[] {
  const log = logs.get(keyOf(side.pod, side.end.container.name)) ?? [];
  if (!runs(side.pod, side.end.container.name)) return endedProofs(side, log);
  if (!isRead(side.look)) return [];
  const fuse = fuseOf(side, path);
  if (fuse.length === 0) return neverMounted(side, log);
  return fuse.flatMap(({ top, all }) => [...stacked(side, all), ...unpropagated(side, top), ...silent(side, top, log)]);
}

const statusOf = ({ pod, end }: LinkSide): V1ContainerStatus | undefined =>
  [...(pod.pod.status?.initContainerStatuses ?? []), ...(pod.pod.status?.containerStatuses ?? [])].find(
    ({ name }) => name === end.container.name,
  );

/** The last lines of a container's log that say so. */
const logQuotes = (side: LinkSide, log: readonly string[], says: (line: string) => boolean): Quote[] =>
  log
    .filter(says)
    .slice(-2)
    .map((text) => ({ source: `log of ${side.end.container.name} of ${side.pod.name}`, text }));

/** The daemon's own reason, in its own words. */
function said(side: LinkSide<Producer>, log: readonly string[]): Proof[] {
  for (const { id, words, message } of SAYS) {
    const quotes = logQuotes(side, log, (line) => words.test(line));
    if (quotes.length > 0) return [proof(id, side, message, quotes)];
  }
  const { mounting, mount } = side.end;
  const blocked = logQuotes(side, log, saysOf([mounting?.point ?? mount.path], IN_THE_WAY));
  if (blocked.length === 0) return [];
  return [
    proof(
      "stale-mount-left",
      side,
      `A dead mount of an earlier daemon lies where ${side.end.container.name} wants to mount, and it cannot start: nothing takes it away first.`,
      blocked,
    ),
  ];
}

/** The container has ended, and waits to be started again. */
function endedProofs(side: LinkSide<Producer>, log: readonly string[]): Proof[] {
  const status = statusOf(side);
  const end = status?.state?.terminated ?? status?.lastState?.terminated;
  if (!end) return [];
  const quote = {
    source: `container ${side.end.container.name} of ${side.pod.name}`,
    text: `${status?.state?.waiting?.reason ?? "Terminated"}: ${status?.restartCount ?? 0} restarts, the last after ${end.reason}, exit code ${end.exitCode}`,
  };
  const why = said(side, log);
  if (why.length > 0) return why.map((one) => ({ ...one, evidence: [quote, ...one.evidence] }));
  // What the kubelet says of a container that it could not make is for the causes to say.
  if (end.reason === "StartError" || end.reason === "ContainerCannotRun") return [];
  const killed = end.reason === "OOMKilled" || end.exitCode === 137;
  const tail = logQuotes(side, log, () => true);
  return killed
    ? [
        proof(
          "daemon-killed",
          side,
          `The daemon ${side.end.container.name} was killed (${end.reason}, exit code ${end.exitCode}): what it had mounted is dead.`,
          [quote, ...tail],
        ),
      ]
    : [
        proof(
          "daemon-ended",
          side,
          `The daemon ${side.end.container.name} has ended with exit code ${end.exitCode}, and does not run now: nothing is mounted, or a dead mount is left.`,
          [quote, ...tail],
        ),
      ];
}

function neverMounted(side: LinkSide<Producer>, log: readonly string[]): Proof[] {
  const { end } = side;
  const table = lookOf(side)?.table ?? [];
  const volume = volumeLine(side);
  const why = said(side, log);
  if (why.length > 0) return why;
  if (!volume)
    return [
      proof(
        "peer-group-destroyed",
        side,
        `The volume ${end.mount.volume} is not mounted at ${end.mount.path} any more: something in ${end.container.name} has unmounted it, and with it the peer group that would propagate.`,
        [livePodQuote(side)],
      ),
    ];
  const others = table.filter((one) => isFuseMount(one) && one.type !== "fuse.lxcfs");
  const elsewhere = others.filter(
    ({ point }) => !end.container.mounts.some(({ path }) => point === path || point.startsWith(`${path}/`)),
  );
  const started = statusOf(side)?.state?.running?.startedAt;
  const age = {
    source: `container ${end.container.name} of ${side.pod.name}`,
    text: `running since ${started ? new Date(started).toISOString() : "an unknown time"}`,
  };
  const tail = logQuotes(side, log, () => true);
  if (elsewhere.length > 0)
    return [
      proof(
        "producer-never-mounted",
        side,
        `${end.container.name} mounts FUSE at ${elsewhere.map(({ point }) => point).join(", ")}, which is outside of its volume at ${end.mount.path}: no other pod can see that.`,
        [...elsewhere.slice(0, 3).map((line) => lineQuote(side, line)), livePodQuote(side)],
      ),
    ];
  // Many agents share a directory in both directions, and mount something else in it.
  const mountsOther = table.some(({ point }) => point.startsWith(`${end.mount.path}/`));
  if (!end.mounting && mountsOther) return [];
  return [
    proof(
      "producer-never-mounted",
      side,
      `${end.container.name} has mounted no FUSE file system at ${end.mount.path} or below it, or not yet: what is there is a plain directory of ${volume.type}.`,
      [lineQuote(side, volume), age, ...tail],
    ),
  ];
}

function stacked(side: LinkSide<Producer>, all: readonly MountLine[]): Proof[] {
  if (all.length < 2) return [];
  return [
    proof(
      "stacked-mounts",
      side,
      `${all.length} FUSE mounts lie upon each other at ${all[0]?.point} in ${side.end.container.name}: each daemon has mounted over its predecessor's, and only the last is seen.`,
      all.slice(0, 4).map((line) => lineQuote(side, line)),
    ),
  ];
}

function unpropagated(side: LinkSide<Producer>, top: MountLine): Proof[] {
  if (top.shared !== undefined) return [];
  const { mount, container } = side.end;
  const volume = volumeLine(side);
  const evidence = [
    livePodQuote(side),
    ...(volume ? [lineQuote(side, volume)] : []),
    ...(top === volume ? [] : [lineQuote(side, top)]),
  ];
  if (mount.propagation !== "Bidirectional")
    return [
      proof(
        "producer-not-bidirectional",
        side,
        `${container.name} has mounted ${top.type} at ${top.point}, and the mount is ${peersOf(top)}: its volume has propagation ${mount.propagation}, so the mount stays in this container.`,
        evidence,
      ),
    ];
  if (!volume || isFuseMount(volume))
    return [
      proof(
        "peer-group-destroyed",
        side,
        `${container.name} has mounted ${top.type} at ${top.point} without a peer group: the kubelet's mount of the volume is gone from its table, as a daemon takes it away that unmounts its mount point when it starts.`,
        evidence,
      ),
    ];
  return volume.shared === undefined
    ? [
        proof(
          "runtime-drops-propagation",
          side,
          `The spec asks for Bidirectional, and the volume at ${mount.path} is ${peersOf(volume)} in ${container.name}: the container runtime did not do it.`,
          evidence,
        ),
      ]
    : [];
}

/** The daemon's own container asks its own mount. */
function silent(side: LinkSide<Producer>, top: MountLine, log: readonly string[]): Proof[] {
  const evidence = [lineQuote(side, top), answerQuote(side, top.point)];
  const { name } = side.end.container;
  if (isDead(side, top.point)) {
    const why = said(side, log).filter(({ id }) => id === "stale-mount-left");
    if (why.length > 0)
      return why.map((one) => ({
        ...one,
        evidence: [...evidence.filter((quote) => quote !== undefined), ...one.evidence],
      }));
    return [
      proof(
        "daemon-ended",
        side,
        `The mount at ${top.point} is dead in ${name} itself: its daemon has ended, and the container goes on without it.`,
        evidence,
      ),
    ];
  }
  if (errnoOf(side, top.point) === "ETIMEDOUT")
    return [
      proof("daemon-hung", side, `The daemon behind ${top.point} does not answer: whoever asks it waits.`, evidence),
    ];
  return [];
}
