/** The test's own proof: what makes a success one, and why what was read proves nothing. */
import { type DecidingRole, READERS } from "../../contract/readers.ts";
import type { ProbeRecord, RecordOf } from "../../contract/records.ts";
import type { Evidence } from "../../evidence/evidence.ts";
import type { Cause, Quote } from "./cause.ts";
import {
  allReadersDecided,
  hasPeers,
  idOf,
  isFuse,
  mountedDirectory,
  mounts,
  of,
  producerRecorded,
  readerFailed,
  recordQuote,
  some,
  sourceOf,
} from "./read.ts";
import { isOwnFile } from "./words.ts";

export const success: Cause = {
  id: "success",
  outcome: "success",
  symptom: "Every reader reads this run's marker through FUSE, and the negative control does not.",
  explanation: "The FUSE file system mounted in the producer is visible and readable in the unprivileged consumer.",
  fix: "Nothing to fix.",
  find: proven,
};

export const controlTooLate: Cause = {
  id: "control-too-late",
  outcome: "inconclusive",
  symptom: "The mount is visible to everyone, also to the container that has no propagation.",
  explanation:
    "The mount was there before the negative control, so what the consumer sees may be a copy instead of a propagation.",
  fix: "Test again, now that the images are on the node; if it stays so, raise `settleSeconds`.",
  find: (evidence) =>
    allReadersDecided(evidence) && isTold(evidence) ? some(tooLate(evidence).map(recordQuote)) : undefined,
  // A SUCCESS may yet be proven, or that it is none; and of a control that nobody has heard of, that it came too late.
  isPending: (evidence) => allReadersDecided(evidence) && (!isTold(evidence) || !(evidence.final || isHeard(evidence))),
};

const isHeard = ({ records }: Evidence): boolean => records.some(({ role }) => role === "control");

/** What was seen by a container that may have been created with the mount. */
function tooLate(evidence: Evidence): ProbeRecord[] {
  const control = of(evidence, "control", "control").filter(
    (record) => record.kind === "late" && isOwn(evidence, record) && !hasReceived(evidence, record),
  );
  // A control that was created with a dead mount of an earlier run takes the first that it receives for a copy: a reader's word on
  // it is no better than its own, and its own tells which mount it was.
  const doubts = READERS.flatMap((role) => of(evidence, role, "doubt")).filter(({ kind }) =>
    kind === "control-late" ? control.length > 0 && !receives(evidence) : kind === "reader-late",
  );
  return [...control, ...doubts, ...READERS.flatMap((role) => bornWith(evidence, role))];
}

export const readerNotHardened: Cause = {
  id: "reader-not-hardened",
  outcome: "inconclusive",
  symptom: "The container `fuse-consumer-hardened` logs uid 0, or capabilities other than 0.",
  explanation:
    "The reader that should have no rights has some: a webhook or a security context constraint changed it, so nothing is proven of a reader without them.",
  fix: "Exempt the test's namespace from what changes securityContext (a mutating webhook, OpenShift's SCC `anyuid` or `privileged`), then test again.",
  find: (evidence) =>
    allReadersDecided(evidence) && !readerFailed(evidence) && producerRecorded(evidence)
      ? some(
          exposed(evidence).map((record) => ({
            source: sourceOf(record),
            text: `uid ${record.uid}, capabilities ${record.capabilities}`,
          })),
        )
      : undefined,
};

export const mountedTooLate: Cause = {
  id: "mounted-too-late",
  outcome: "inconclusive",
  symptom: "The consumer gives up, and the producer mounts, or has its marker, only afterwards.",
  explanation: "There was nothing to read before a consumer had given up waiting: the question was not asked.",
  fix: "Raise `markerWaitSeconds` above the time the producer needs to mount and to have its marker, as the evidence shows it.",
  find: (evidence) => {
    const [mounted] = mounts(evidence);
    // A first marker that failed is a cause of its own: a later mount's was not what the readers waited for.
    const [marker] = of(evidence, "producer", "marker");
    if (marker?.result === "error" || !((allReadersDecided(evidence) && marker) || evidence.final)) return undefined;
    // The producer tells of its marker a moment after it wrote it, or found it: in between somebody may have read it.
    const recorded = marker ?? mounted;
    const ready = recorded && Number(recorded.absent_until ?? recorded.uptime);
    const early = READERS.flatMap((reader) => of(evidence, reader, "verdict")).filter(
      ({ result, uptime }) => result === "error" && ready !== undefined && uptime < ready,
    );
    return early.length > 0
      ? [...early, ...(mounted ? [mounted] : []), ...(marker ? [marker] : [])].map(recordQuote)
      : undefined;
  },
};

function proven(evidence: Evidence): readonly Quote[] | undefined {
  const reads = READERS.map((role) => readOf(evidence, role));
  const control = unseenBy(evidence);
  const hardened = identities(evidence).find(isHardened);
  if (!reads.every((read) => read !== undefined) || !control || !hardened || exposed(evidence).length > 0)
    return undefined;
  const [replaced] = of(evidence, "producer", "replaced");
  // Of the mounts of a pod that came later nothing is proven here.
  const own = mounts(evidence).filter(({ uptime }) => replaced === undefined || uptime < replaced.uptime);
  return [...own, ...reads, control, hardened].map(recordQuote);
}

/**
 * The look that made a reader say SUCCESS: of a marker that the producer has recorded, on a FUSE file system that is not the reader's
 * own volume; and the control's look, which began only when that one was over, saw nothing.
 */
function readOf(evidence: Evidence, role: DecidingRole): RecordOf<"read"> | undefined {
  const nonces = ownNonces(evidence);
  const starts = of(evidence, role, "start");
  const volumes = starts.flatMap(({ mountinfo }) => mountinfo ?? []);
  const decided = of(evidence, role, "verdict").filter(
    ({ result, nonce, seen_until, control_uptime }) =>
      result === "ok" && nonces.has(nonce ?? "") && Number(control_uptime) > Number(seen_until),
  );
  // What a container was born with may be a copy: it proves nothing of the propagation.
  const isBorn = (read: ProbeRecord) => {
    const life = starts.findLast(({ uptime }) => uptime <= read.uptime);
    return life?.fuse_at_start === "yes" && !mountedAfter(evidence, read, life.uptime);
  };
  return of(evidence, role, "read").find((read) => {
    const { result, nonce, mountinfo, device, bridge_device } = read;
    return (
      result === "ok" &&
      decided.some((verdict) => verdict.nonce === nonce) &&
      isFuse(mountinfo) &&
      hasPeers(mountinfo) &&
      device !== undefined &&
      device !== bridge_device &&
      volumes.length > 0 &&
      volumes.every((volume) => idOf(volume) !== idOf(mountinfo)) &&
      !isBorn(read)
    );
  });
}

/** Whether the producer and the control have recorded what the readers' answers rest on: their logs may come later. */
const isTold = (evidence: Evidence): boolean =>
  evidence.final || (producerRecorded(evidence) && noncesTold(evidence) && controlTold(evidence));

/** Whether the producer has recorded the nonces that the readers and a late control found, or has gone on without them. */
function noncesTold(evidence: Evidence): boolean {
  const last = evidence.records.findLast(({ role }) => role === "producer")?.uptime ?? 0;
  const late = of(evidence, "control", "control").filter(({ kind }) => kind === "late");
  return [...READERS.flatMap((role) => of(evidence, role, "verdict")), ...late].every(
    (found) => found.result === "error" || isOwn(evidence, found) || found.uptime < last,
  );
}

/** Whether the control has recorded itself what readers say of it: SUCCESS, that it sees nothing of this run; or that it is too late. */
function controlTold(evidence: Evidence): boolean {
  const recorded = of(evidence, "control", "control");
  const verdicts = READERS.flatMap((role) => of(evidence, role, "verdict"));
  const doubts = READERS.flatMap((role) => of(evidence, role, "doubt"));
  return (
    (recorded.some((record) => isUnseen(evidence, record)) || verdicts.every(({ result }) => result === "error")) &&
    (recorded.some(({ kind }) => kind === "late") || doubts.every(({ kind }) => kind !== "control-late"))
  );
}

/** The start of a reader whose first life read what it was born with, and which has nothing else to prove its SUCCESS. */
function bornWith(evidence: Evidence, role: DecidingRole): RecordOf<"start">[] {
  if (!of(evidence, role, "verdict").some(({ result }) => result === "ok") || readOf(evidence, role)) return [];
  const [first, next] = of(evidence, role, "start");
  if (first?.fuse_at_start !== "yes") return [];
  const reads = of(evidence, role, "read").filter(({ uptime }) => uptime < (next?.uptime ?? Number.POSITIVE_INFINITY));
  const isBorn = (read: ProbeRecord) =>
    read.result === "ok" && isOwn(evidence, read) && !mountedAfter(evidence, read, first.uptime);
  return reads.some(isBorn) ? [first] : [];
}

/**
 * Whether what was seen is the marker of a daemon that was started after this time: its mount is there before the producer tells of
 * it. A file of the daemon's own is the same in every mount, whether the producer could read it there or not: that is what was seen
 * where not even the first daemon was started by then.
 */
function mountedAfter(evidence: Evidence, { nonce, uptime: seen }: ProbeRecord, time: number): boolean {
  const marker = of(evidence, "producer", "marker").find((one) => one.result === "ok" && one.nonce === nonce);
  const mount = marker && mounts(evidence).findLast(({ uptime }) => uptime <= marker.uptime);
  const daemons = of(evidence, "producer", "daemon");
  const daemon =
    marker && isOwnFile(evidence, marker)
      ? daemons[0]
      : mount && daemons.findLast(({ uptime }) => uptime <= mount.uptime);
  return daemon !== undefined && daemon.uptime > time && daemon.uptime <= seen;
}

/**
 * Whether the control saw a marker of this run that is no copy. Where a mount was there when it started, only that of a mount
 * which was made later is none: a copy shows all that its daemon serves, and so the next marker, too.
 * Where none was there, not even the first look can meet a copy.
 */
export function hasReceived(evidence: Evidence, record: RecordOf<"control">): boolean {
  if (!isOwn(evidence, record)) return false;
  const life = of(evidence, "control", "start").findLast(({ uptime }) => uptime <= record.uptime);
  if (life?.fuse_at_start === "yes") return mountedAfter(evidence, record, life.uptime);
  return life !== undefined || record.kind === "seen";
}

/** Whether the control has seen what was not there when it started: then it was not too late, it is no control. */
const receives = (evidence: Evidence): boolean =>
  of(evidence, "control", "control").some((record) => record.kind === "seen" || hasReceived(evidence, record));

/** The control's word that it does not see the marker, if it is on the readers' bridge, and never sees it. */
function unseenBy(evidence: Evidence): RecordOf<"control"> | undefined {
  const recorded = of(evidence, "control", "control");
  if (recorded.some((record) => hasReceived(evidence, record))) return undefined;
  const volumes = READERS.flatMap((role) =>
    of(evidence, role, "start").map(({ mountinfo }) => mountedDirectory(mountinfo)),
  );
  return recorded.find(
    (record) =>
      isUnseen(evidence, record) &&
      mountedDirectory(record.mountinfo) !== undefined &&
      volumes.includes(mountedDirectory(record.mountinfo)),
  );
}

/** A file of somebody else below the mount is seen by no propagation. */
const isUnseen = (evidence: Evidence, record: RecordOf<"control">): boolean =>
  record.result === "ok" || !isOwn(evidence, record);

const isOwn = (evidence: Evidence, { nonce }: ProbeRecord): boolean => ownNonces(evidence).has(nonce ?? "");

const identities = (evidence: Evidence) => of(evidence, "hardened", "identity");

const isHardened = ({ uid, capabilities = "" }: RecordOf<"identity">): boolean =>
  Number(uid) > 0 && /^0+$/.test(capabilities);

/** The hardened reader in a life in which it had more rights than its manifest gives it. */
const exposed = (evidence: Evidence) => identities(evidence).filter((record) => !isHardened(record));

/** The nonces that the producer itself has recorded: what holds one of them came through its mount. */
export const ownNonces = (evidence: Evidence): Set<string> =>
  new Set(of(evidence, "producer", "marker").flatMap(({ result, nonce }) => (result === "ok" && nonce ? [nonce] : [])));
