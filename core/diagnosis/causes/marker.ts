/** The mount is there, and its marker is none, or another one at each look. */
import { READERS } from "../../contract/readers.ts";
import type { ProbeRecord, RecordOf } from "../../contract/records.ts";
import type { Evidence } from "../../evidence/evidence.ts";
import type { Cause } from "./cause.ts";
import { ownNonces } from "./proof.ts";
import { gaveUp, isFuse, mountFailures, mounts, notRead, of, recordQuote, saysDead, some } from "./read.ts";
import { isOwnFile } from "./words.ts";

/** What tells of the daemon and not of its files: nobody answered, or nobody is there. */
const noAnswer = (record: ProbeRecord): boolean => record.errno === "ETIMEDOUT" || saysDead(record);

export const noMarker: Cause = {
  id: "no-marker",
  outcome: "inconclusive",
  symptom: "The daemon mounts; the producer gets an error where it writes its marker, or reads the one that was named.",
  explanation:
    "The daemon's file system takes no marker and holds none, so there was nothing for the consumer to find.",
  fix: "Set `markerFile` to a file that your daemon's file system holds and that is not empty (driver `command`); a large one may want more `mountSeconds`.",
  find: (evidence) =>
    mounts(evidence).length === 0 || !notRead(evidence) || markerInTime(evidence) || markerPending(evidence)
      ? undefined
      : some(
          gaveUp(evidence)
            .filter((record) => record.step === "marker" && !noAnswer(record))
            .map(recordQuote),
        ),
};

export const markerChanges: Cause = {
  id: "marker-changes",
  outcome: "inconclusive",
  symptom: "Producer and consumer both read the file that `markerFile` names, and its content is not the same.",
  explanation:
    "The file that serves as the marker changes, so it does not prove which mount the consumer read it from.",
  fix: "Set `markerFile` to a file whose first 64 KiB stay as they are: a media file, no log, playlist or version file.",
  find: (evidence) => {
    const markers = of(evidence, "producer", "marker").filter(({ result }) => result === "ok");
    const named = markers.filter((record) => isOwnFile(evidence, record));
    const others = READERS.flatMap((role) => of(evidence, role, "verdict")).filter(
      ({ result, nonce }) => result === "ok" && !ownNonces(evidence).has(nonce ?? ""),
    );
    // One that changes at each look leaves the control no time to answer, and the readers give up.
    const looks = notRead(evidence) ? READERS.flatMap((role) => changedIn(of(evidence, role, "read"))) : [];
    // The producer's log may come later than the readers'.
    if (named.length === 0 || others.length + looks.length === 0 || !scheduleOver(evidence)) return undefined;
    return some([...named, ...others, ...looks].map(recordQuote));
  },
};

/** Two looks of one reader at one mount that found different markers, one after the other. */
function changedIn(reads: readonly RecordOf<"read">[]): RecordOf<"read">[] {
  const found = reads.filter(({ result, mountinfo }) => result === "ok" && isFuse(mountinfo));
  const second = found.findIndex((one, index) => {
    const before = found[index - 1];
    return before?.mountinfo === one.mountinfo && before?.nonce !== one.nonce;
  });
  return found.slice(Math.max(second - 1, 0), second + 1);
}

export const scheduleOver = (evidence: Evidence): boolean =>
  evidence.final || of(evidence, "producer", "inspect").length > 0 || of(evidence, "producer", "finish").length > 0;

/** Whether there was a marker before the last reader gave up. */
export const markerInTime = (evidence: Evidence): boolean =>
  of(evidence, "producer", "marker").some(({ result, uptime }) => result === "ok" && uptime <= lastDecision(evidence));

const lastDecision = (evidence: Evidence): number =>
  Math.max(...READERS.map((role) => of(evidence, role, "verdict").at(-1)?.uptime ?? Infinity));

/**
 * Whether the readers have given up without a marker, and the producer, whose log may come later, may yet tell of one: it has
 * neither spoken since nor come to the end of its schedule.
 */
export const markerPending = (evidence: Evidence): boolean =>
  notRead(evidence) &&
  !markerInTime(evidence) &&
  !scheduleOver(evidence) &&
  !mountFailures(evidence).some(({ step }) => step === "mount") &&
  !evidence.records.some(({ role, uptime }) => role === "producer" && uptime >= lastDecision(evidence));
