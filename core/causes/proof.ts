/** The test's own proof: what makes a success one, and what makes a marker worthless. */
import type { Evidence, ProbeRecord } from "../evidence.ts";
import type { Cause, Quote } from "./cause.ts";
import {
  allReadersDecided,
  isFuse,
  mountFailures,
  mounts,
  of,
  producerTold,
  quotes,
  READERS,
  readerFailed,
  recordQuote,
  some,
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

export const hollowSuccess: Cause = {
  id: "hollow-success",
  outcome: "inconclusive",
  symptom:
    "A marker is visible, but on a plain file system, with another run's nonce, or even to the negative control.",
  explanation: "A marker is visible, but it does not come through the FUSE mount of this run: the run is void.",
  fix: "Remove what lies in the bridge directory on the node (its path is in the evidence), then test again.",
  find: hollow,
};

export const controlTooLate: Cause = {
  id: "control-too-late",
  outcome: "inconclusive",
  symptom: "The mount is visible to everyone, also to the container that has no propagation.",
  explanation:
    "The mount was there before the negative control, so what the consumer sees may be a copy instead of a propagation.",
  fix: "Test again, now that the images are on the node; if it stays so, raise `settleSeconds`.",
  find: (evidence) =>
    allReadersDecided(evidence) && producerTold(evidence)
      ? some(quotes(evidence, ({ kind }) => kind === "late" || kind === "control-late"))
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
    if (marker?.result === "error") return undefined;
    const ready = marker ?? mounted;
    const early = READERS.flatMap((reader) => of(evidence, reader, "verdict")).filter(
      ({ result, uptime }) => result === "error" && ready !== undefined && uptime < ready.uptime,
    );
    return early.length > 0
      ? [...early, ...(mounted ? [mounted] : []), ...(marker ? [marker] : [])].map(recordQuote)
      : undefined;
  },
};

function hollow(evidence: Evidence): readonly Quote[] | undefined {
  const doubts = quotes(
    evidence,
    (record) =>
      (record.step === "doubt" && record.kind === "hollow" && !overcome(evidence, record)) ||
      (record.step === "control" && record.kind === "seen" && !controlBornLate(evidence)),
  );
  // The producer's log may come later than the reader's: only its later lines prove that this nonce was never its own.
  const told = Math.max(...evidence.records.filter(({ role }) => role === "producer").map(({ uptime }) => uptime));
  // A marker that the producer could not read back may be the one that was read; a file of the daemon's own may change.
  const [first] = of(evidence, "producer", "marker");
  const isKnown = first?.result === "ok" && !isOwnFile(evidence, first);
  const foreign = of(evidence, "default", "verdict")
    .filter(({ uptime }) => isKnown && (uptime < told || evidence.final))
    .filter(({ result, nonce }) => result === "ok" && !ownNonces(evidence).has(nonce ?? ""))
    .map(recordQuote);
  if (foreign.length > 0) return foreign;
  // A plain directory may be seen first and the FUSE mount later: only the end of the wait, or of the mount, decides.
  const failures = mountFailures(evidence);
  const decided = evidence.final || readerFailed(evidence) || failures.length > 0;
  return decided && doubts.length > 0 ? [...doubts, ...failures.map(recordQuote)] : undefined;
}

/** A plain file that was there before the mount, and that the reader has looked through ever since. */
function overcome(evidence: Evidence, doubt: ProbeRecord): boolean {
  if (onFuse(doubt)) return false;
  const later = of(evidence, doubt.role, "read").filter(({ uptime }) => uptime > doubt.uptime);
  const last = later.at(-1);
  return later.some(onFuse) && !(last?.result === "ok" && !onFuse(last));
}

const onFuse = ({ mountinfo, fstype }: ProbeRecord): boolean =>
  isFuse(mountinfo) || /^fuse(blk$|\.|$)/.test(String(fstype));

/** Its own copy of the mount is what it sees: that proves nothing, whatever it reads there. */
const controlBornLate = (evidence: Evidence): boolean =>
  of(evidence, "control", "start").some(({ fuse_at_start }) => fuse_at_start === "yes");

function proven(evidence: Evidence): readonly Quote[] | undefined {
  const nonces = ownNonces(evidence);
  const verdicts = READERS.map((reader) =>
    of(evidence, reader, "verdict").find(({ result, nonce }) => result === "ok" && nonces.has(nonce ?? "")),
  );
  const control = of(evidence, "control", "control").find(({ result }) => result === "ok");
  if (verdicts.some((record) => record === undefined) || !control) return undefined;
  const reads = READERS.flatMap((reader) =>
    of(evidence, reader, "read")
      .filter(({ result }) => result === "ok")
      .slice(0, 1),
  );
  return [...mounts(evidence), ...reads, control].map(recordQuote);
}

/** The nonces that the producer itself has told: what holds one of them came through its mount. */
export const ownNonces = (evidence: Evidence): Set<string> =>
  new Set(of(evidence, "producer", "marker").flatMap(({ result, nonce }) => (result === "ok" && nonce ? [nonce] : [])));
