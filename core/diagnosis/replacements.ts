/**
 * What became of the readers each time that the producer's pod was replaced, from the records: pure. The newest pod's log tells of all
 * that were there before it.
 */
import type { DecidingRole } from "../contract/readers.ts";
import { isStep, type ProbeRecord, type RecordOf } from "../contract/records.ts";
import { type ReplacementWay, WAY_NAMES } from "../contract/replacement.ts";
import type { Evidence } from "../evidence/evidence.ts";
import { deviceOf, isFuse, saysDead } from "./causes/read.ts";

/** How long a reader may take after the new marker, in seconds, before the verdict says that it is not back. */
export const BACK_SECONDS = 3;

/** What a reader saw of one replacement. All times in milliseconds. */
export interface ReplacedReader {
  /** What its first failed look met; undefined where none failed. */
  readonly errno?: string;
  /** From its first failed look until it read the new marker. */
  readonly outageMs?: number;
  /** From the new mount until it read the new marker. */
  readonly backMs?: number;
  /** Whether it looked long enough after the new marker was there, and did not read it. */
  readonly notBack?: true;
  /** Whether it did so where nobody served that mount any more for all that is known: then it says nothing of whether it is back. */
  readonly unclear?: true;
  /** Whether its container was started again in between. */
  readonly restarted?: true;
  /** How many mounts its mount table had more afterwards than before. */
  readonly mountsAdded?: number;
}

export interface Replacement {
  readonly way: ReplacementWay;
  /** How many mounts the pod before had left at the mount point. */
  readonly left: number;
  /** Whether the new pod has mounted, and has its marker. */
  readonly mounted: boolean;
  /** Why it could not mount, or has no marker. */
  readonly failed?: string;
  /** By role: default, hardened. */
  readonly readers: Readonly<Record<string, ReplacedReader>>;
}

/** @param evidence as `believed` gives it: in the order of the node's clock */
export function replacementsOf({ records }: Evidence, readers: readonly DecidingRole[]): Replacement[] {
  const producer = records.filter(({ role }) => role === "producer");
  const begun = producer.filter((record): record is RecordOf<"replaced"> => record.step === "replaced");
  return begun.flatMap((replaced, index) => {
    const { mounts, uptime: from } = replaced;
    const way = WAY_NAMES.find((one) => one === replaced.way);
    if (way === undefined) return [];
    const until = begun[index + 1]?.uptime ?? Number.POSITIVE_INFINITY;
    const own = producer.filter(({ uptime }) => uptime >= from && uptime < until);
    const before = producer.findLast(
      (one): one is RecordOf<"marker"> => isStep(one, "marker") && one.result === "ok" && one.uptime < from,
    );
    const mount = own.find((one): one is RecordOf<"mount"> => isStep(one, "mount") && one.result === "ok");
    const marker = own.find((one): one is RecordOf<"marker"> => isStep(one, "marker") && one.result === "ok");
    const failure = own.find((one) => isStep(one, "mount", "marker", "stale", "in-use") && one.result === "error");
    const end = marker && own.find((one) => one.uptime > marker.uptime && endsMount(one));
    const lost = { before, mount, marker, ended: end?.uptime ?? Number.POSITIVE_INFINITY, until };
    return [
      {
        way,
        left: Number(mounts ?? 0),
        mounted: marker !== undefined,
        ...(failure && !marker
          ? { failed: [failure.step, failure.errno, failure.detail].filter(Boolean).join(": ") }
          : {}),
        readers: Object.fromEntries(readers.map((role) => [role, readerOf(records, role, lost)])),
      },
    ];
  });
}

/** Whether nothing that is still to come of a replacement can change what is known of it. */
export const isThrough = ({ mounted, failed, readers }: Replacement): boolean =>
  mounted
    ? Object.values(readers).every(({ backMs, notBack, unclear }) => backMs !== undefined || notBack || unclear)
    : failed !== undefined;

/** Whether the producer is through with its schedule, and each reader has read what it mounted last. */
export function isAtRest({ records }: Evidence, readers: readonly DecidingRole[]): boolean {
  const isGood = (record: ProbeRecord) =>
    record.role === "producer" && record.step === "marker" && record.result === "ok";
  const marker = records.findLast(isGood);
  const isRead = (role: DecidingRole) =>
    records.findLast((one) => one.role === role && one.step === "read")?.nonce === marker?.nonce;
  const rests = records.findLast(({ role }) => role === "producer")?.step === "inspect";
  return marker !== undefined && rests && readers.every(isRead);
}

/** Whether the pod cannot be replaced for anyone to see: what it mounted last has failed, or some reader does not read it. */
export function isUnaskable({ records }: Evidence, readers: readonly DecidingRole[]): boolean {
  const producer = records.filter(({ role }) => role === "producer");
  // A pod that has just taken the place of another has tried nothing yet.
  const tried = producer.findLast((one) => isStep(one, "mount", "marker", "replaced"));
  if (tried?.step !== "marker" || tried.result !== "ok") return tried?.result === "error";
  // While it is at work the mount may be away.
  if (producer.at(-1)?.step !== "inspect") return false;
  // What a reader meets in the place of an earlier pod's is reported for each replacement: whether it is back is the question then.
  if (producer.some(({ step }) => step === "replaced")) return false;
  return readers.some((role) => {
    const look = records.findLast(
      (one): one is RecordOf<"read" | "look"> => one.role === role && isStep(one, "read", "look"),
    );
    return look?.result === "error" && began(look) >= tried.uptime + BACK_SECONDS;
  });
}

interface Lost {
  readonly before: RecordOf<"marker"> | undefined;
  readonly mount: RecordOf<"mount"> | undefined;
  readonly marker: RecordOf<"marker"> | undefined;
  /** When the producer has ended the new mount, or learned that it was dead. */
  readonly ended: number;
  /** When the next replacement began. */
  readonly until: number;
}

/** What a reader saw of one end of the daemon, and of what was mounted after it. */
export function readerOf(
  records: readonly ProbeRecord[],
  role: DecidingRole,
  { before, mount, marker, ended, until }: Lost,
): ReplacedReader {
  const own = records.filter((record) => record.role === role && record.uptime < until);
  const looks = own.filter((record): record is RecordOf<"read"> => record.step === "read");
  const isMarkerOf = (read: RecordOf<"read">, of: RecordOf<"marker"> | undefined) =>
    of !== undefined && read.result === "ok" && read.nonce === of.nonce;
  // A file of the daemon's own has the same nonce in every mount: the time of the look tells which was read, or that it was gone
  // before. A new nonce tells it alone.
  const absent = mount && Number(mount.absent_until ?? mount.uptime);
  const isOfNew = (read: RecordOf<"read">, nth: number) =>
    absent !== undefined &&
    read.uptime >= absent &&
    (marker?.nonce !== before?.nonce || began(read) >= absent || metItsEnd(looks[nth - 1], before));
  const back = looks.find((read, nth) => isMarkerOf(read, marker) && isOfNew(read, nth));
  const last = looks.findLast((read) => isMarkerOf(read, before) && (back === undefined || read.uptime < back.uptime));
  if (!last) return {};
  const error = looks.find(
    (read) => read.result === "error" && read.uptime > last.uptime && (back === undefined || read.uptime < back.uptime),
  );
  const lookedOn =
    back || !marker ? [] : own.filter(isFailedLook).filter((one) => began(one) >= marker.uptime + BACK_SECONDS);
  const notBack = lookedOn.some((look) => look.uptime < ended && !(mount && meetsUnserved(looks, look, mount)));
  const restarted = own.some(
    ({ step, uptime }) => step === "start" && uptime > last.uptime && (back === undefined || uptime < back.uptime),
  );
  const added = back && Number(back.table) - Number(last.table);
  return {
    ...(error ? { errno: error.errno ?? "UNKNOWN" } : {}),
    ...(back && error ? { outageMs: ms(back.uptime - error.uptime) } : {}),
    ...(back && mount ? { backMs: ms(back.uptime - mount.uptime) } : {}),
    ...(notBack ? { notBack: true as const } : {}),
    ...(lookedOn.length > 0 && !notBack ? { unclear: true as const } : {}),
    ...(restarted ? { restarted: true as const } : {}),
    ...(added !== undefined && Number.isFinite(added) ? { mountsAdded: added } : {}),
  };
}

/** The pod ends and takes its mount away, or its container was started again, or its daemon has died. */
const endsMount = (record: ProbeRecord): boolean =>
  isStep(record, "finish", "unmount", "identity") || (record.step === "daemon" && record.result === "error");

const isFailedLook = (record: ProbeRecord): record is RecordOf<"read" | "look"> =>
  isStep(record, "read", "look") && record.result === "error";

/** Whether a look met the mount of this marker dead or gone: it does not come back, so whatever is read next is another. */
const metItsEnd = (look: RecordOf<"read"> | undefined, marker: RecordOf<"marker"> | undefined): boolean =>
  look !== undefined &&
  marker !== undefined &&
  look.uptime > marker.uptime &&
  (saysDead(look) || look.errno === "ENOENT");

/**
 * Whether a look met a new mount that nobody serves any more: its reader has received what it was to receive. One that has not meets
 * none, or the dead one before: as long as that is mounted anywhere, the new one has another device.
 */
function meetsUnserved(
  looks: readonly RecordOf<"read">[],
  look: RecordOf<"read" | "look">,
  { mountinfo }: RecordOf<"mount">,
): boolean {
  const met = look.mountinfo ?? looks.findLast((read) => read.uptime <= look.uptime)?.mountinfo;
  return isFuse(met) && deviceOf(met) === deviceOf(mountinfo) && (saysDead(look) || look.errno === "ETIMEDOUT");
}

/** When the look began that a record is of; the record itself comes at its end. */
export const began = ({ looked, uptime }: RecordOf<"read" | "look">): number => Number(looked ?? uptime);

/** At least 0: a reader may see what the producer has done before the producer has recorded it. */
const ms = (seconds: number): number => Math.max(0, Math.round(seconds * 1000));
