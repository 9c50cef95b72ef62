/** What a reader's container shows of its daemon's mounts: are they there, are they the living ones, is it let in. */
import type { Quote } from "../diagnosis/causes/cause.ts";
import { within } from "../layout/workload.ts";
import type { Link, LinkSide } from "./links.ts";
import { fuseBelow, holding, isFuseMount, type MountLine, mountedAt, peersOf } from "./mountTable.ts";
import {
  answerOf,
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

export function readerProofs(link: Link, path: string | undefined): Proof[] {
  const { producer, reader, together } = link;
  if (!together && reader.pod.node !== undefined && producer.pod.node !== undefined)
    return [
      proof(
        "different-nodes",
        reader,
        `${reader.pod.name} runs on ${reader.pod.node}, and ${producer.pod.name} with the daemon on ${producer.pod.node}: a mount never leaves its node.`,
        [nodeQuote(reader), nodeQuote(producer)],
      ),
    ];
  const look = lookOf(reader);
  const volume = volumeLine(reader);
  if (!look || !volume) return [];
  const found = [...made(link, volume), ...tornDown(link, volume), ...crossing(link, volume, path)];
  return found.length > 0 ? found : strangers(link, path);
}

const nodeQuote = ({ pod }: LinkSide): Quote => ({ source: `spec of ${pod.name}`, text: `nodeName: ${pod.node}` });

/** How the reader's volume was made when its container was. */
function made({ producer, reader }: Link, volume: MountLine): Proof[] {
  const { mount, container } = reader.end;
  const theirs = volumeLine(producer);
  const evidence = [livePodQuote(reader), lineQuote(reader, volume)];
  if (
    isFuseMount(volume) &&
    !(
      theirs &&
      isFuseMount(theirs) &&
      theirs.device === volume.device &&
      theirs.root === volume.root &&
      !livesOn(producer, volume)
    )
  )
    return [
      proof(
        mount.subPath ? "subpath-used" : "consumer-binds-mountpoint",
        reader,
        `The volume of ${container.name} at ${mount.path} is the FUSE mount itself, as it was when the container was made${livesOn(producer, volume) ? "" : ", and not what the daemon has mounted now"}: after a crash of the daemon it stays dead until the container is made again.`,
        [...evidence, answerQuote(reader, mount.path)],
      ),
    ];
  if (reader.end.elsewhere || isApart(theirs, volume))
    return mount.subPath
      ? []
      : [
          proof(
            "bridge-not-hostpath",
            reader,
            `The volume of ${container.name} at ${mount.path} is another directory of the node than the daemon's: nothing that is mounted there can come here.`,
            [...(theirs ? [lineQuote(producer, theirs)] : []), ...evidence],
          ),
        ];
  if (volume.master !== undefined || volume.shared !== undefined) return [];
  const copies = fuseBelow(lookOf(reader)?.table ?? [], mount.path);
  return mount.propagation === "None"
    ? [
        proof(
          "consumer-not-host-to-container",
          reader,
          `The volume of ${container.name} at ${mount.path} is in no peer group: ${copies.length > 0 ? "it has a copy of what was mounted when the container was made, and sees no later mount" : "it does not see what is mounted after the container was made"}.`,
          [
            ...evidence,
            ...copies.slice(0, 2).flatMap((line) => [lineQuote(reader, line), answerQuote(reader, line.point)]),
          ],
        ),
      ]
    : [
        proof(
          "runtime-drops-propagation",
          reader,
          `The spec asks for ${mount.propagation}, and the volume at ${mount.path} is private in ${container.name}: the container runtime did not do it.`,
          evidence,
        ),
      ];
}

/** Whether one of the daemon's own mounts is that file system. */
const livesOn = (producer: LinkSide, { device }: MountLine): boolean =>
  fuseOf(producer).some(({ top }) => top.device === device);

/** Whether two volumes are directories of which neither holds the other. */
const isApart = (theirs: MountLine | undefined, own: MountLine): boolean =>
  theirs !== undefined &&
  !isFuseMount(theirs) &&
  (theirs.device !== own.device || !(within(theirs.root, own.root) || within(own.root, theirs.root)));

/**
 * The daemon has the FUSE mount where the kubelet had mounted its volume, and nothing below it; the reader, whose volume is a directory
 * of the node, does not see it. A runtime that shares the container's root gives that mount a peer group, with nobody in it.
 */
function tornDown({ producer, reader }: Link, volume: MountLine): Proof[] {
  const theirs = volumeLine(producer);
  if (!theirs || !isFuseMount(theirs) || isFuseMount(volume) || producer.end.mount.propagation !== "Bidirectional")
    return [];
  const sees = lookOf(reader)?.table.some(({ device }) => device === theirs.device);
  if (sees || theirs.shared === undefined || reader.end.elsewhere) return [];
  return [
    proof(
      "peer-group-destroyed",
      producer,
      `${producer.end.container.name} has its FUSE mount at ${theirs.point} in the place of the volume, which the kubelet had mounted there: the daemon has unmounted it, and with it the peer group that propagates.`,
      [livePodQuote(producer), lineQuote(producer, theirs), lineQuote(reader, volume)],
    ),
  ];
}

/** Whether each mount of the daemon is there, and answers. */
function crossing({ producer, reader }: Link, volume: MountLine, path: string | undefined): Proof[] {
  const theirs = volumeLine(producer);
  if (!theirs || reader.end.elsewhere || isApart(theirs, volume) || isFuseMount(volume)) return [];
  const isMade = volume.master !== undefined || volume.shared !== undefined;
  return fuseOf(producer, path).flatMap(({ top }) => {
    const expected = placeIn(top, theirs, producer, volume, reader);
    if (expected === undefined || top.shared === undefined) return [];
    const here = mountedAt(lookOf(reader)?.table ?? [], expected);
    const seen = here.findLast(({ device }) => device === top.device);
    if (!seen) return isMade || reader.end.mount.subPath ? missing(producer, reader, top, volume, expected) : [];
    const fuse = here.filter(isFuseMount);
    return [
      ...(fuse.length > 1 ? [stackedIn(producer, reader, fuse, expected)] : []),
      ...refused(producer, reader, seen, expected),
    ];
  });
}

/** Where a mount of the daemon is in the reader; undefined where that lies outside of the reader's volume. */
function placeIn(
  top: MountLine,
  theirs: MountLine,
  producer: LinkSide,
  volume: MountLine,
  reader: LinkSide,
): string | undefined {
  const below = top.point.slice(producer.end.mount.path.length);
  const onNode = `${theirs.root === "/" ? "" : theirs.root}${below}` || "/";
  if (!within(onNode, volume.root)) return undefined;
  const rest = volume.root === "/" ? onNode : onNode.slice(volume.root.length);
  return `${reader.end.mount.path}${rest}`.replace(/\/$/, "");
}

function missing(producer: LinkSide, reader: LinkSide, top: MountLine, volume: MountLine, expected: string): Proof[] {
  const table = lookOf(reader)?.table ?? [];
  const there = holding(table, expected) ?? volume;
  const evidence = [
    lineQuote(producer, top),
    lineQuote(reader, volume),
    ...(there === volume ? [] : [lineQuote(reader, there)]),
    answerQuote(reader, expected),
  ];
  const { container, mount } = reader.end;
  if (isFuseMount(there) && there.point === expected)
    return [
      proof(
        isDead(reader, expected) ? "stale-mount-left" : "stacked-mounts",
        producer,
        `${container.name} has another FUSE mount at ${expected} than the daemon's${isDead(reader, expected) ? ", a dead one" : ""}, which hides it.`,
        evidence,
      ),
    ];
  if (mount.subPath)
    return [
      proof(
        "subpath-used",
        reader,
        `The volume of ${container.name} has a subPath, bound when the container was made: the daemon's mount at ${top.point} is not in it.`,
        [livePodQuote(reader), ...evidence],
      ),
    ];
  const groups = `the daemon's volume is ${peersOf(volumeLine(producer) ?? top)}, its mount ${peersOf(top)}, the reader's volume ${peersOf(volume)}`;
  return [
    proof(
      "unknown",
      reader,
      `${container.name} does not see the daemon's mount, and has a plain directory of ${there.type} at ${expected}, though both ends ask for propagation: ${groups}.`,
      evidence,
    ),
  ];
}

const stackedIn = (producer: LinkSide, reader: LinkSide, fuse: readonly MountLine[], at: string): Proof =>
  proof(
    "stacked-mounts",
    producer,
    `${fuse.length} FUSE mounts lie upon each other at ${at} in ${reader.end.container.name} of ${reader.pod.name}: only the last of them is seen.`,
    fuse.slice(0, 4).map((line) => lineQuote(reader, line)),
  );

/** The mount has come, and its daemon does not let the reader in, or does not answer it. */
function refused(producer: LinkSide, reader: LinkSide, seen: MountLine, at: string): Proof[] {
  const answer = answerOf(reader, at);
  const evidence = [lineQuote(reader, seen), answerQuote(reader, at)];
  const { name } = reader.end.container;
  switch (answer?.errno) {
    case "EACCES":
    case "EPERM":
      return seen.options.includes("allow_other")
        ? [
            proof(
              "unknown",
              reader,
              `${name} sees the mount at ${at} and is refused, although it was made with allow_other: by its files' modes, or by a security module.`,
              evidence,
            ),
          ]
        : [
            proof(
              "allow-other-missing",
              producer,
              `${name} of ${reader.pod.name} sees the mount at ${at} and is refused: it was made without allow_other, so the kernel lets only the daemon's own user in${lookOf(reader)?.uid ? `, and not user ${lookOf(reader)?.uid}` : ""}.`,
              evidence,
            ),
          ];
    case "ETIMEDOUT":
      return [
        proof(
          "daemon-hung",
          producer,
          `The daemon does not answer ${name} of ${reader.pod.name} at ${at}: whoever asks it waits.`,
          evidence,
        ),
      ];
    case "ENOTCONN":
    case "ECONNABORTED":
      return [
        proof(
          "daemon-ended",
          producer,
          `The daemon's mount is dead: ${name} of ${reader.pod.name} sees it at ${at}, and nobody answers.`,
          evidence,
        ),
      ];
    default:
      return answer?.errno === undefined || answer.errno === "UNKNOWN"
        ? []
        : [
            proof(
              "unknown",
              reader,
              `${name} sees the mount at ${at}, and asking it ends in ${answer.errno}.`,
              evidence,
            ),
          ];
  }
}

/** Dead mounts in the reader's volume that are nobody's who runs. */
function strangers({ producer, reader }: Link, path: string | undefined): Proof[] {
  if (!lookOf(producer) && lookOf(reader) === undefined) return [];
  return fuseOf(reader, path).flatMap(({ top }) => {
    if (!isDead(reader, top.point) || livesOn(producer, top)) return [];
    const evidence = [lineQuote(reader, top), answerQuote(reader, top.point)];
    return [
      proof(
        "stale-mount-left",
        producer,
        `A dead mount lies at ${top.point} in ${reader.end.container.name} of ${reader.pod.name}: the daemon that made it is gone, and nobody has taken it away on the node.`,
        evidence,
      ),
    ];
  });
}

/** In one line, what a reader sees of its daemon's mounts; undefined where it sees none that answers. */
export function seenLine({ producer, reader }: Link): string | undefined {
  const tops = fuseOf(reader).filter(
    ({ top }) => livesOn(producer, top) && answerOf(reader, top.point) && errnoOf(reader, top.point) === undefined,
  );
  const [first] = tops;
  if (!first) return undefined;
  const theirs = fuseOf(producer).find(({ top }) => top.device === first.top.device)?.top;
  const more = tops.length > 1 ? `, and ${tops.length - 1} more` : "";
  return `${reader.end.workload.object} sees ${first.top.type} of ${producer.end.workload.object} at ${first.top.point} (${theirs ? peersOf(theirs) : "?"} -> ${peersOf(first.top)}), and it answers${more}`;
}
