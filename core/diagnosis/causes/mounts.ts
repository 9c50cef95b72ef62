/** Mounts that lie in the way of the run's own: left, stacked, torn down, or bound at the wrong place. */
import { mountPointIn } from "../../contract/bridge.ts";
import { type DecidingRole, READERS } from "../../contract/readers.ts";
import type { RecordOf } from "../../contract/records.ts";
import type { Evidence } from "../../evidence/evidence.ts";
import type { Cause, Quote } from "./cause.ts";
import {
  bothStarted,
  containerQuotes,
  deviceOf,
  eventQuotes,
  isFuse,
  isStartedAgain,
  kubeletQuotes,
  mountFailures,
  mountPointOf,
  mounts,
  notRead,
  of,
  parentOf,
  producerRecorded,
  quotes,
  recordQuote,
  saysDead,
  some,
  sourceOf,
} from "./read.ts";
import { runtimeDrops } from "./runtime.ts";
import { producerSide, type ReaderSide, readerSides, type Side, specQuote } from "./spec.ts";
import { bridgePaths, IN_THE_WAY, mountPoint, saysOf } from "./words.ts";

const inTheWay = (paths: readonly string[]) => saysOf(paths, IN_THE_WAY);
/** The bridge on the node; any place where no spec tells it. */
const placesOf = (evidence: Evidence): readonly string[] => {
  const known = bridgePaths(evidence);
  return known.length > 0 ? known : [""];
};

const DEAD = /transport endpoint is not connected|socket (is )?not connected/i;

export const peerGroupDestroyed: Cause = {
  id: "peer-group-destroyed",
  outcome: "failure",
  symptom: "The producer unmounts its mount point before it mounts; afterwards nothing it mounts is seen by anyone.",
  explanation: "The producer lost the kubelet's bind mount of the bridge, and with it the peer group that propagates.",
  fix: "Mount the parent directory as the volume and let the daemon use a sub-directory, which it may unmount freely.",
  find: (evidence) => {
    const producer = producerSide(evidence);
    if (!bothStarted(evidence) || producer?.bridge.propagation !== "Bidirectional") return undefined;
    const before = of(evidence, "producer", "preflight");
    const lost = before.some(({ mountinfo }) => mountPointOf(mountinfo) !== producer.bridge.mountPath);
    const shared = before.some(({ propagation }) => propagation?.includes("shared:"));
    // A newer runtime shares the container's own root as well: what is mounted there beside the bridge is shared, with nobody.
    // The kernel gives a mount's number again once it is free, so a container's next life has others.
    const ownVolume = ({ uptime }: RecordOf<"mount">) => before.findLast((one) => one.uptime <= uptime)?.mountinfo;
    const unshared = mounts(evidence).filter(
      (mount) =>
        !mount.propagation?.includes("shared:") ||
        (!lost && parentOf(mount.mountinfo) !== undefined && parentOf(mount.mountinfo) === parentOf(ownVolume(mount))),
    );
    if (unshared.length === 0 || !(lost || shared)) return undefined;
    return some([specQuote(producer), ...before.map(recordQuote), ...unshared.map(recordQuote)]);
  },
};

export const producerBindsMountpoint: Cause = {
  id: "producer-binds-mountpoint",
  outcome: "failure",
  symptom:
    "The producer's container cannot be started again after its daemon's death: `mkdir ...: file exists`, or `transport endpoint is not connected` (fluid-cloudnative/fluid#1345, pytorch/ci-infra#876).",
  explanation:
    "The producer's volume is the mount point itself: a daemon that dies leaves its dead mount there, and no container can be made with that.",
  fix: "Give the producer the parent directory of the mount point as its volume, and run `umount -l` before each start of the daemon.",
  find: (evidence) => {
    const refused = refusedProducer(evidence);
    // While its daemon lived there was a mount, and a reader may have read it.
    return mounts(evidence).length === 0 || notRead(evidence) ? some(refused) : undefined;
  },
  isPending: (evidence) => refusedProducer(evidence).length > 0,
};

export const consumerBindsMountpoint: Cause = {
  id: "consumer-binds-mountpoint",
  outcome: "failure",
  symptom: "`Transport endpoint is not connected` until the consumer is restarted, although the daemon is back.",
  explanation:
    "A consumer's volume is the FUSE mount itself, as it was when the consumer was made: it never sees the next one.",
  fix: "Give the consumer the parent directory of the mount point as its volume (awslabs/mountpoint-s3-csi-driver#576).",
  find: bindsMountpoint,
  // What it cannot make the kubelet tries again: made when the daemon is back, a reader may read the next mount. And how a reader
  // was made, that has not reported yet, may explain it.
  isPending: (evidence) =>
    !evidence.final &&
    readerSides(evidence).some(
      (reader) =>
        refusedAtMountpoint(evidence, reader).length > 0 ||
        (!bothStarted(evidence) && bornAtMountpoint(evidence, reader).length > 0),
    ),
};

export const staleMountLeft: Cause = {
  id: "stale-mount-left",
  outcome: "inconclusive",
  symptom:
    "`transport endpoint is not connected`, `failed to stat`, `file exists` or `already mounted` before anything ran.",
  explanation: "A mount of an earlier run is left on the node and blocks this one.",
  fix: "Run `npm run sweep`, or `umount -l` on the node the mount that the evidence names, then test again.",
  find: (evidence) =>
    some([
      ...quotes(evidence, ({ step, result }) => step === "stale" && result === "error"),
      ...mountFailures(evidence)
        .filter(({ step, detail }) => step === "mount" && inTheWay([mountPoint(evidence)])(detail))
        .map(recordQuote),
      ...blockedStarts(evidence),
    ]),
};

export const stackedMounts: Cause = {
  id: "stacked-mounts",
  outcome: "failure",
  symptom:
    "The mount point stands more than once in `/proc/self/mountinfo`, as after several restarts (fluid-cloudnative/fluid#3399).",
  explanation: "Something else is mounted over the run's own mount, so a consumer does not see what the daemon serves.",
  fix: "Start one daemon only at a mount point, and let it unmount first (`umount -l`); unmount on the node until none is left, and create the pods again.",
  find: (evidence) => (notRead(evidence) && mounts(evidence).length > 0 ? stacked(evidence) : undefined),
};

/** The words of a container's state while the kubelet makes it, or tries to pull its image: it may start yet. */
const STARTING = /^(ContainerCreating|PodInitializing|ErrImagePull|ImagePullBackOff)$/;

/**
 * The producer runs, or may do so by now for all that is known, and may say that the dead mount is its own; while its log is not
 * served that is not known. A pod's state may come seconds after the events of another.
 */
function producerToSpeak(evidence: Evidence): boolean {
  const own = evidence.pods.filter(({ component }) => component === "producer");
  const runs = own.some(
    ({ phase, containers }) =>
      containers.some(({ state, reason }) => state === "running" || (state === "waiting" && STARTING.test(reason))) ||
      (phase === "Pending" && containers.length === 0),
  );
  return !producerRecorded({ ...evidence, final: false }) && (runs || evidence.pods.length === 0);
}

/**
 * containerd's and runc's words where a dead FUSE mount lies in a container's way. While the producer may yet speak only those on
 * its own pod count: what keeps it from starting is none of its mounts.
 */
function blockedStarts(evidence: Evidence): Quote[] {
  const isSaid = inTheWay(placesOf(evidence));
  if (!producerToSpeak(evidence)) return kubeletQuotes(evidence, isSaid);
  const pods = evidence.pods.filter(({ component }) => component === "producer");
  const events = evidence.events.filter(({ object }) => pods.some(({ name }) => object === `pod/${name}`));
  return kubeletQuotes({ ...evidence, pods, events }, isSaid);
}

function bindsMountpoint(evidence: Evidence): readonly Quote[] | undefined {
  if (runtimeDrops(evidence)) return undefined;
  const decided = evidence.final || bothStarted(evidence);
  const found = readerSides(evidence).flatMap((reader) => {
    const born = decided ? bornAtMountpoint(evidence, reader) : [];
    if (born.length > 0) return born;
    const refused = evidence.final || isEnded(reader) ? refusedAtMountpoint(evidence, reader) : [];
    return refused.length > 0 ? [specQuote(reader), ...refused] : [];
  });
  return some(found);
}

/** The kubelet's words on a producer whose volume is the mount point, and has a dead mount in it. */
function refusedProducer(evidence: Evidence): Quote[] {
  const producer = producerSide(evidence);
  if (!producer || !isMountpoint(producer)) return [];
  const refused = refusedAt(evidence, producer, inTheWay([producer.bridge.path ?? ""]));
  return refused.length > 0 ? [specQuote(producer), ...mounts(evidence).slice(0, 1).map(recordQuote), ...refused] : [];
}

/** What a reader meets whose volume is the FUSE mount, as it was when the reader was made. */
function bornAtMountpoint(evidence: Evidence, reader: ReaderSide): Quote[] {
  const { role, bridge } = reader;
  const reads = of(evidence, role, "read");
  const dead = reads.filter(saysDead);
  // What people meet and search for; the first look may have been in flight, and says ECONNABORTED.
  const quoted = dead.find(({ errno }) => errno === "ENOTCONN") ?? dead[0];
  const born = of(evidence, role, "start").some(({ fuse_at_start }) => fuse_at_start === "yes");
  // The bridge may be on FUSE itself: that is none of the daemon's.
  const bridges = of(evidence, "producer", "preflight").map(({ mountinfo }) => deviceOf(mountinfo));
  const root = reads.filter(
    ({ mountinfo }) =>
      isFuse(mountinfo) && mountPointOf(mountinfo) === bridge.mountPath && !bridges.includes(deviceOf(mountinfo)),
  );
  // A living one is distinguished from a bridge on FUSE by what the producer says of its own, and where that could not mount there is none.
  const [own, failed] = [mounts(evidence).length > 0, mountFailures(evidence).length > 0];
  const proven = own ? dead.length > 0 || notRead(evidence) : dead.length > 0 && !failed;
  return isMountpoint(reader) && born && root.length > 0 && proven
    ? [specQuote(reader), ...[root[0], quoted].flatMap((one) => (one ? [recordQuote(one)] : []))]
    : [];
}

const isMountpoint = ({ bridge }: Side): boolean => bridge.mountPath === mountPointIn(bridge.root);

/**
 * The kubelet's words on a reader whose volume is the mount point: made while this run's daemon is dead, it does not even start. It
 * is said once in the container's state, and from then on in its events only.
 */
const refusedAtMountpoint = (evidence: Evidence, reader: Side): Quote[] =>
  isMountpoint(reader) && mounts(evidence).length > 0 ? refusedAtDead(evidence, reader) : [];

const deadWords = ({ bridge }: Side) => saysOf([bridge.path ?? ""], DEAD);

/** Whether a container was made, and ended where it met the dead mount: without a restart there is no other attempt. */
const isEnded = (side: Side): boolean =>
  side.pod.containers.some(
    (one) => one.state === "terminated" && deadWords(side)(one.message) && !isStartedAgain(side.pod, one),
  );

/** The kubelet's words that a dead mount is in the way of a reader's volume. */
export const refusedAtDead = (evidence: Evidence, side: Side): Quote[] => refusedAt(evidence, side, deadWords(side));

/** What the kubelet says of these words on a pod. */
const refusedAt = (evidence: Evidence, { pod }: Side, isSaid: (text: string) => boolean): Quote[] => [
  ...containerQuotes([pod], ({ message }) => isSaid(message)),
  ...eventQuotes(evidence, isSaid).filter(({ source }) => source.endsWith(` pod/${pod.name}`)),
];

function stacked(evidence: Evidence): readonly Quote[] | undefined {
  const own = (role: DecidingRole, point: string | undefined) =>
    readerSides(evidence).some((side) => side.role === role && side.bridge.mountPath === point);
  const found = READERS.flatMap((role) => {
    // What is there after it has given up explains nothing.
    const end = of(evidence, role, "verdict").at(-1)?.uptime ?? Number.POSITIVE_INFINITY;
    const failed = of(evidence, role, "read").filter(({ result, uptime }) => result === "error" && uptime <= end);
    // Nor does that nothing is there any more, once the run's own mount was, and could not be read.
    const last = failed.findLast((read) => linesOf(read).some(isFuse)) ?? failed.at(-1);
    const lines = linesOf(last);
    // In the leaf layout the volume itself is the first line of that mount point.
    const expected = own(role, mountPointOf(lines[0])) ? 2 : 1;
    return last && lines.length > expected ? lines.map((text) => ({ source: sourceOf(last), text })) : [];
  });
  return some(found);
}

const linesOf = (record: RecordOf<"read"> | undefined): string[] => record?.mounts?.split("\n").filter(Boolean) ?? [];
