/**
 * What became of a daemon that is a sidecar of its readers' own pod: of its readers when it came back, and of the pod when it was
 * deleted. Pure. The newest pod's log tells of all that were there before it.
 */
import { type DecidingRole, READERS } from "../contract/readers.ts";
import { isStep, type ProbeRecord, type RecordOf } from "../contract/records.ts";
import { SAME_POD_WAYS, type SamePodWay } from "../contract/samePod.ts";
import { believed, type Deletion, type Evidence } from "../evidence/evidence.ts";
import { BACK_SECONDS, began, type ReplacedReader, readerOf } from "./replacements.ts";

/** By what a sidecar ended. */
export type End = "crash" | "oom";

export interface Revival {
  readonly after: End;
  /** By role: default, hardened. */
  readonly readers: Readonly<Record<string, ReplacedReader>>;
}

export interface SamePod {
  /** Each time that the kubelet has started the sidecar again, and it has mounted. */
  readonly revivals: readonly Revival[];
  /** Why the sidecar did not end, where it was meant to. */
  readonly spared?: string;
  /** Whether the kubelet says of the sidecar that it ran out of memory. */
  readonly outOfMemory?: true;
  /** Each time that the pod was deleted. */
  readonly deletions: readonly (Deletion & {
    /** Whether the daemon's files were there as before; undefined where no pod has reported. */
    readonly sentinel?: "there" | "lost";
  })[];
  /** Why the pod was not deleted, or not made again. */
  readonly refused?: string;
}

/** @param evidence as `believed` gives it; undefined where no daemon is a sidecar */
export function samePodOf({ records, samePod }: Evidence): SamePod | undefined {
  if (!samePod) return undefined;
  const producer = records.filter(({ role }) => role === "producer");
  const spared = producer.find((one) => isStep(one, "crash") && one.result === "error")?.detail;
  return {
    revivals: revivalsOf(records, producer),
    ...(spared ? { spared } : {}),
    ...(samePod.outOfMemory ? { outOfMemory: true as const } : {}),
    deletions: samePod.deletions.map((deletion) => ({ ...deletion, ...sentinelOf(producer, deletion.way) })),
    ...(samePod.refused === undefined ? {} : { refused: samePod.refused }),
  };
}

/** How the pod is to be deleted now: it has nothing more to do by itself, and its readers have read what it mounted, or do not. */
export function nextDeletion(evidence: Evidence): SamePodWay | undefined {
  const { samePod, records } = believed(evidence);
  if (!samePod || samePod.refused !== undefined || !isAtRest(records)) return undefined;
  return SAME_POD_WAYS[replacedIn(records).length];
}

/** Whether nothing more is asked of the pod. */
export function isThroughSamePod(evidence: Evidence): boolean {
  const { samePod, records } = believed(evidence);
  return (
    samePod?.refused !== undefined ||
    hasGivenUp(records) ||
    (isAtRest(records) && replacedIn(records).length === SAME_POD_WAYS.length)
  );
}

/** Why it is not known whether this layout holds, or that it does not; undefined where it does. */
export function samePodFault(found: SamePod): { readonly open: boolean; readonly words: string } | undefined {
  const open = (words: string) => ({ open: true, words });
  const lost = (words: string) => ({ open: false, words });
  const { revivals, spared, deletions, outOfMemory, refused } = found;
  for (const [end, words] of [
    ["crash", "the sidecar's crash"],
    ["oom", "the sidecar's end by the out-of-memory killer"],
  ] as const) {
    const revival = revivals.find(({ after }) => after === end);
    const readers = Object.values(revival?.readers ?? {});
    if (readers.some(({ notBack, restarted }) => notBack || restarted))
      return lost(`The readers do not come back after ${words} without a restart.`);
    if (readers.length === 0 && spared !== undefined) return open(`${spared}.`);
    if (readers.length === 0 || readers.some(({ backMs }) => backMs === undefined))
      return open(`a reader has not reported what it saw after ${words}.`);
  }
  if (!outOfMemory) return open("the kubelet does not say that the sidecar was killed for its memory.");
  const [tidy, untidy] = SAME_POD_WAYS.map((way) => deletions.find((one) => one.way === way));
  if ([tidy, untidy].some((one) => one?.sentinel === "lost"))
    return lost("The daemon's own files were removed when its pod was deleted.");
  // A busy node takes its time: only what is in its way keeps a pod.
  if (tidy && !tidy.gone)
    return (tidy.taken ?? []).length > 0
      ? lost("The deleted pod stays Terminating, although its sidecar has unmounted.")
      : open(`the deleted pod was not gone after ${Math.round(tidy.waitedMs / 1000)} s, and no mount was in its way.`);
  if (refused !== undefined) return open(refused);
  if (!tidy || !untidy || [tidy, untidy].some(({ sentinel }) => sentinel === undefined))
    return open("the pod was not deleted and made again in both ways.");
  return undefined;
}

/** What is to be minded although the layout holds. */
export function samePodHazard({ deletions }: SamePod): string | undefined {
  const stuck = deletions.find(({ way, gone }) => way === "untidy" && !gone);
  return (
    stuck &&
    `A sidecar that ends without unmounting leaves its pod Terminating here (${Math.round(stuck.waitedMs / 1000)} s, until the mount was taken away on the node): it must unmount when it is asked to end.`
  );
}

function revivalsOf(records: readonly ProbeRecord[], producer: readonly ProbeRecord[]): Revival[] {
  const [replaced] = replacedIn(producer);
  const own = producer.filter(({ uptime }) => replaced === undefined || uptime < replaced.uptime);
  const ends = own.flatMap((record): { readonly after: End; readonly at: number }[] => {
    if (!isStep(record, "crash") || record.result !== "ok") return [];
    return [{ after: record.fault === "oom" ? "oom" : "crash", at: Number(record.at ?? record.uptime) }];
  });
  return ends.flatMap(({ after, at }, index) => {
    const until = ends[index + 1]?.at ?? replaced?.uptime ?? Number.POSITIVE_INFINITY;
    const life = own.filter(({ uptime }) => uptime > at && uptime < until);
    const mount = life.find((one): one is RecordOf<"mount"> => isStep(one, "mount") && one.result === "ok");
    const marker = life.find(isMarker);
    const before = own.findLast((one): one is RecordOf<"marker"> => isMarker(one) && one.uptime < at);
    if (!mount || !marker) return [];
    const lost = { before, mount, marker, ended: until, until };
    return [
      {
        after,
        readers: Object.fromEntries(READERS.map((role) => [role, readerOf(records, role, lost)])),
      },
    ];
  });
}

const isMarker = (record: ProbeRecord): record is RecordOf<"marker"> =>
  isStep(record, "marker") && record.result === "ok";

const replacedIn = (records: readonly ProbeRecord[]): RecordOf<"replaced">[] =>
  records.filter((record): record is RecordOf<"replaced"> => isStep(record, "replaced"));

function sentinelOf(producer: readonly ProbeRecord[], way: SamePodWay): { readonly sentinel?: "there" | "lost" } {
  const replaced = replacedIn(producer).find((one) => one.way === way);
  const recorded = replaced && producer.find((one) => isStep(one, "sentinel") && one.uptime >= replaced.uptime);
  return recorded ? { sentinel: recorded.result === "ok" ? "there" : "lost" } : {};
}

/** The mount cannot be had any more: the pod waits for its end. */
const hasGivenUp = (records: readonly ProbeRecord[]): boolean => {
  const last = records.findLast(({ role }) => role === "producer");
  return last !== undefined && isStep(last, "mount", "stale", "in-use") && last.result === "error";
};

function isAtRest(records: readonly ProbeRecord[]): boolean {
  const marker = records.findLast(isMarker);
  const rests = records.findLast(({ role }) => role === "producer")?.step === "inspect";
  return marker !== undefined && rests && READERS.every((role) => isRead(records, role, marker));
}

/** Whether a reader has read the marker, or has looked for it long enough. */
function isRead(records: readonly ProbeRecord[], role: DecidingRole, marker: RecordOf<"marker">): boolean {
  const looks = records.filter((one) => one.role === role && isStep(one, "read", "look"));
  return (
    looks.findLast(({ step }) => step === "read")?.nonce === marker.nonce ||
    looks.some(
      (one) => isStep(one, "read", "look") && one.result === "error" && began(one) >= marker.uptime + BACK_SECONDS,
    )
  );
}
