/** Markers that are worthless: what is visible does not come through this run's mount, or is no propagation. */
import { isFuseType } from "../../../base/fuse.ts";
import { type DecidingRole, READERS } from "../../contract/readers.ts";
import type { RecordOf } from "../../contract/records.ts";
import type { Evidence } from "../../evidence/evidence.ts";
import type { Cause, Quote } from "./cause.ts";
import { scheduleOver } from "./marker.ts";
import { hasReceived, ownNonces } from "./proof.ts";
import {
  allReadersDecided,
  deviceOf,
  isFuse,
  mountFailures,
  mounts,
  notRead,
  of,
  producerRecorded,
  readerFailed,
  recordQuote,
} from "./read.ts";
import { isIsolated } from "./runtime.ts";
import { isOwnFile } from "./words.ts";

export const hollowSuccess: Cause = {
  id: "hollow-success",
  outcome: "inconclusive",
  symptom:
    "A marker is visible, but on a plain file system, with another run's nonce, or even to the negative control.",
  explanation: "A marker is visible, but it does not come through the FUSE mount of this run: the run is void.",
  fix: "Remove what lies in the bridge directory on the node (its path is in the evidence), see that the daemon mounts there, then test again.",
  find: hollow,
  // What comes after it explains why nothing is seen, and something is.
  isPending: (evidence) => isDoubtful(evidence) || isNonceUntold(evidence),
};

function hollow(evidence: Evidence): readonly Quote[] | undefined {
  // Whether somebody still waited when the control saw it is known when every reader has decided.
  const known = evidence.final || allReadersDecided(evidence);
  const found = doubtsOf(evidence).filter(({ role }) => role !== "control" || known);
  const doubts = found.map(recordQuote);
  // Whenever it sees one of this run's own, propagation is not what shows it; the readers' word does not matter then.
  const shown = of(evidence, "control", "control").some((one) => hasReceived(evidence, one));
  // The producer's log may come later than the reader's: only its later lines prove that this nonce was never its own.
  const last = Math.max(...evidence.records.filter(({ role }) => role === "producer").map(({ uptime }) => uptime));
  // A marker that the producer could not read back may be the one that was read; a file of the daemon's own may change.
  const [first] = of(evidence, "producer", "marker");
  // Nor is that of a mount whose container died before it could record its marker.
  const starts = of(evidence, "producer", "daemon").filter(({ result }) => result === "info");
  const isKnown =
    first?.result === "ok" &&
    !isOwnFile(evidence, first) &&
    starts.filter(({ uptime }) => uptime <= first.uptime).length < 2;
  const foreign = of(evidence, "default", "verdict")
    .filter(({ uptime }) => isKnown && uptime < last)
    .filter(({ result, nonce }) => result === "ok" && !ownNonces(evidence).has(nonce ?? ""))
    .map(recordQuote);
  if (foreign.length > 0) return foreign;
  // A plain directory may be seen first and the FUSE mount later: only the end of the wait decides, or that nothing is mounted.
  const failures = mounts(evidence).length > 0 ? [] : mountFailures(evidence);
  // How the mount was made may explain it, and so may a sandbox or a user namespace: that is proven when the producer has recorded its
  // mount, or no reader reads any more.
  const isOver = ({ role }: Doubt) => role === "control" || of(evidence, role, "verdict").length > 0;
  const unread =
    readerFailed(evidence) &&
    producerRecorded(evidence) &&
    found.some(isOver) &&
    (!isIsolated(evidence) || notRead(evidence));
  const decided = evidence.final || unread || failures.length > 0 || (shown && allReadersDecided(evidence));
  return decided && doubts.length > 0 && !controlToStart(evidence)
    ? [...doubts, ...failures.map(recordQuote)]
    : undefined;
}

/** A marker that is visible and does not count, or that the control sees. */
type Doubt = RecordOf<"doubt", DecidingRole> | RecordOf<"control", "control">;

/** Whether a marker is visible that does not count, and a reader may yet see the one that does: until then nothing else is certain. */
function isDoubtful(evidence: Evidence): boolean {
  const open = !allReadersDecided(evidence) || !producerRecorded(evidence) || controlToStart(evidence);
  return !evidence.final && open && doubtsOf(evidence).length > 0;
}

/**
 * Whether the control has seen something that may be the daemon's own file, which the producer could not read in its first mount: the
 * next one's marker tells.
 */
const isNonceUntold = (evidence: Evidence): boolean =>
  !scheduleOver(evidence) &&
  !mountFailures(evidence).some(({ step }) => step === "mount") &&
  of(evidence, "control", "control").some(({ nonce }) => nonce !== undefined) &&
  of(evidence, "producer", "marker").length > 0 &&
  of(evidence, "producer", "marker").every((record) => record.result === "error" && isOwnFile(evidence, record));

/** A doubt of what is seen on FUSE is worth nothing where the control has a copy of it: how it started is to be known first. */
const controlToStart = (evidence: Evidence): boolean =>
  !evidence.final && of(evidence, "control", "start").length === 0 && doubtsOf(evidence).some(onFuse);

function doubtsOf(evidence: Evidence): Doubt[] {
  const late = controlBornLate(evidence);
  // Of a control whose log was lost nobody knows whether it had a copy.
  const unknown = evidence.final && of(evidence, "control", "start").length === 0;
  // What is met when the last reader has given up was not what it had waited for.
  const ends = READERS.map((role) => of(evidence, role, "verdict")[0]);
  const last = Math.max(...ends.map((verdict) => verdict?.uptime ?? Number.POSITIVE_INFINITY));
  const until = readerFailed(evidence) ? last : Number.POSITIVE_INFINITY;
  const doubts = READERS.flatMap((role) => of(evidence, role, "doubt")).filter(
    (record) => record.kind === "hollow" && !overcome(evidence, record) && !((late || unknown) && onFuse(record)),
  );
  const seen = of(evidence, "control", "control").filter(
    (record) => (record.kind === "seen" && !late) || hasReceived(evidence, record),
  );
  // A daemon that mounted, and went away by itself, may serve from the background: what is read there is its own.
  const own = of(evidence, "producer", "mount").filter(
    ({ result, mountinfo }) => result === "error" && isFuse(mountinfo),
  );
  const devices = new Set(own.map(({ mountinfo }) => deviceOf(mountinfo)));
  return [...doubts, ...seen].filter(({ uptime, mountinfo }) => uptime <= until && !devices.has(deviceOf(mountinfo)));
}

/** A plain file that was there before the mount, and that the reader has looked through ever since. */
function overcome(evidence: Evidence, doubt: RecordOf<"doubt", DecidingRole>): boolean {
  if (onFuse(doubt)) return false;
  // What it met after it had given up is another matter.
  const end = of(evidence, doubt.role, "verdict")[0]?.uptime ?? Number.POSITIVE_INFINITY;
  const later = of(evidence, doubt.role, "read").filter(({ uptime }) => uptime > doubt.uptime && uptime <= end);
  const last = later.at(-1);
  // Where this run has mounted nothing, a FUSE mount is none of its own.
  return mounts(evidence).length > 0 && later.some(onFuse) && !(last?.result === "ok" && !onFuse(last));
}

const onFuse = (record: RecordOf<"doubt" | "read" | "control">): boolean =>
  isFuse(record.mountinfo) || (record.step !== "control" && isFuseType(record.fstype ?? ""));

/** Its own copy of the mount is what it sees: that proves nothing of what it reads there. */
const controlBornLate = (evidence: Evidence): boolean =>
  of(evidence, "control", "start").some(({ fuse_at_start }) => fuse_at_start === "yes");
