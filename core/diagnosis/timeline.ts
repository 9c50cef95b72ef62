/**
 * What happened on a node and what each reader saw of it, from the probe's records: pure. All times are milliseconds of the
 * node's own clock, 10 ms fine, which all containers of a node share.
 */
import type { DecidingRole } from "../contract/readers.ts";
import { isStep, type ProbeRecord, type RecordOf } from "../contract/records.ts";
import type { Evidence } from "../evidence/evidence.ts";
import { hasUserNamespace, isStartedAgain } from "./causes/read.ts";
import { isOk, type Marks, marksOf } from "./marks.ts";
import { began, isUnaskable, type Replacement, replacementsOf } from "./replacements.ts";

/** What the dead mount looked like to a reader. */
export interface Stale {
  /**
   * What the dead mount says: ENOTCONN as a rule. A request that was in flight when the daemon died ends with ECONNABORTED,
   * once: that is reported only where the mount said nothing else.
   */
  readonly errno: string;
  /** From the daemon's death to the first error, whichever it was. */
  readonly afterMs: number;
  /** From the first error until the dead mount was gone (ENOENT), or the new one was read. */
  readonly lastedMs?: number;
}

export interface ReaderTimeline {
  /** From the first mount to the first read of its marker. */
  readonly seenMs?: number;
  readonly stale?: Stale;
  /** From the second mount to the first read of its marker, within that mount. */
  readonly recoveredMs?: number;
  /** Whether it looked while the second mount was there, and never read it: only then it is known that it does not come back. */
  readonly notBack?: true;
  /** Whether the reader's container was started again between the crash and that read. */
  readonly restarted?: true;
  /** Whether it recorded its start so shortly after the crash that it may have been started again before. */
  readonly perhapsRestarted?: true;
  /** Whether its container was created when the FUSE mount was there already. */
  readonly bornLate?: true;
  /** Whether its container has a user namespace of its own. */
  readonly userNamespace?: true;
  /** Whether it stopped looking before the second mount had its marker: then it says nothing of a recovery. */
  readonly leftEarly?: true;
  /** How many mounts its mount table had when it read the first mount, and when it was back. */
  readonly mounts?: { readonly before: number; readonly after: number };
  /** Whether a file opened before the crash reads again after the recovery: `dead`, or `alive`. */
  readonly heldFile?: "dead" | "alive";
}

export interface Timeline {
  /** From the start of the FUSE daemon to its mount. */
  readonly mountMs?: number;
  /**
   * Whether the daemon was seen dead, its mount taken away and made again with a marker: only then can a reader recover,
   * or not.
   */
  readonly remounted: boolean;
  /** Of a daemon that hung: whether its connection could be aborted. */
  readonly aborted?: boolean;
  /** How the producer's container ended before it was started again, in the kubelet's word: OOMKilled, Error. */
  readonly producerEnded?: string;
  /** True once the producer is through with its schedule, and each reader has looked past the second mount. */
  readonly complete: boolean;
  /** By role: default, hardened. */
  readonly readers: Readonly<Record<string, ReaderTimeline>>;
  /** Each time that the producer's pod was replaced, in their order. */
  readonly replacements: readonly Replacement[];
  /** Whether the pod cannot be replaced for anyone to see. */
  readonly unaskable?: true;
}

/** @param evidence as `believed` gives it: in the order of the node's clock */
export function timelineOf(evidence: Evidence, readers: readonly DecidingRole[]): Timeline {
  const producer = evidence.records.filter(({ role }) => role === "producer");
  const marks = marksOf(producer);
  const [first] = producer.filter(isOk("mount"));
  const daemon = producer.find(({ step }) => step === "daemon");
  const abort = producer.find(({ step }) => step === "abort");
  const ended = producerEnded(evidence);
  return {
    ...(daemon && first ? { mountMs: since(daemon.uptime, first.uptime) } : {}),
    remounted: marks.again !== undefined,
    ...(abort ? { aborted: abort.result === "ok" } : {}),
    ...(ended === undefined ? {} : { producerEnded: ended }),
    complete: isComplete(evidence, producer, marks, readers),
    readers: Object.fromEntries(readers.map((role) => [role, readerTimeline(evidence, role, first, marks)])),
    replacements: replacementsOf(evidence, readers),
    ...(isUnaskable(evidence, readers) ? { unaskable: true as const } : {}),
  };
}

/** How long a container may take from its creation to the record of its start, on a busy node. In seconds. */
const START_SECONDS = 1;

function isComplete(
  { records, pods, unread = [], final }: Evidence,
  producer: readonly ProbeRecord[],
  { crashed, again }: Marks,
  readers: readonly DecidingRole[],
): boolean {
  if (!final && unread.length > 0) return false;
  const through = producer.some(
    (record) =>
      isStep(record, "inspect", "unmount") ||
      // A daemon that outlives its kill, or cannot be mounted again, ends the schedule long before the pod.
      (record.step === "crash" && record.result === "error") ||
      (record.step === "mount" && record.result === "error" && crashed !== undefined && record.uptime > crashed),
  );
  // What a container that was started again has said in its first life may come last.
  const counted = producer.filter(isOk("mount")).map(({ mount = "1" }) => mount);
  if (!final && counted.length > 0 && !counted.includes("1")) return false;
  // Who ends to be started again says more.
  const isAway = (role: DecidingRole) =>
    records.findLast((one) => one.role === role && isStep(one, "restart", "start"))?.step === "restart";
  if (!final && readers.some(isAway)) return false;
  if (!through || !again) return through;
  const { until } = again;
  const ended = (role: DecidingRole) =>
    pods.some((pod) => {
      const name = pod.spec?.containers.find((container) => container.role === role)?.name;
      return pod.containers.some((one) => one.name === name && one.state === "terminated" && !isStartedAgain(pod, one));
    });
  return readers.every(
    (role) => ended(role) || (until !== undefined && records.some((one) => one.role === role && one.uptime >= until)),
  );
}

const producerEnded = ({ pods }: Pick<Evidence, "pods">): string | undefined =>
  pods
    .filter(({ component }) => component === "producer")
    .flatMap(({ containers }) => containers.flatMap(({ last }) => last?.reason ?? []))[0];

function readerTimeline(
  { records }: Evidence,
  role: DecidingRole,
  first: ProbeRecord | undefined,
  { before, crashed, again }: Marks,
): ReaderTimeline {
  const own = records.filter((record) => record.role === role);
  const reads = own.filter((record) => record.step === "read");
  const seen = reads.find((read) => isOneOf(before, read) && (crashed === undefined || began(read) < crashed));
  const error =
    crashed === undefined
      ? undefined
      : reads.find((read) => read.result === "error" && read.errno !== "ENOENT" && read.uptime >= crashed);
  // A file of the daemon's own has the same nonce in every mount: which of them was read tells the time of the look. The
  // second may be read even before the producer has recorded it; and who has met the first one dead reads no more of it.
  const metDead = error?.errno === "ENOTCONN" ? error.uptime : Number.POSITIVE_INFINITY;
  const within = (record: RecordOf<"read">) =>
    again !== undefined &&
    began(record) >= Math.min(again.from, metDead) &&
    began(record) <= (again.until ?? Number.POSITIVE_INFINITY);
  const recovered = again && reads.find((read) => isOneOf([again.marker], read) && within(read));
  const over =
    error && reads.find((read) => read.uptime > error.uptime && (read.result === "ok" || read.errno === "ENOENT"));
  const starts = own.filter((record) => record.step === "start");
  // What is restarted only after it was back, at the end of a mount, came back by itself.
  const startsAgain = starts.filter(
    ({ uptime }) => crashed !== undefined && uptime > crashed && (recovered === undefined || uptime < recovered.uptime),
  );
  // A container records its start a moment after it was made: only what its earlier life saw of the crash proves the order.
  const restarted = startsAgain.some(
    ({ uptime }) =>
      crashed !== undefined &&
      (uptime > crashed + START_SECONDS ||
        own.some((one) => one.step !== "identity" && one.uptime >= crashed && one.uptime < uptime)),
  );
  const perhapsRestarted = startsAgain.length > 0 && !restarted;
  const { until, served } = again ?? {};
  const notBack =
    again !== undefined &&
    until !== undefined &&
    served !== undefined &&
    recovered === undefined &&
    own.some((look) => failed(look) && began(look) >= again.marker.uptime && look.uptime < served) &&
    own.some(({ uptime }) => uptime >= until);
  const finish = own.findLast(({ step }) => step === "finish");
  const leftEarly = !recovered && finish && again && finish.uptime < again.marker.uptime;
  const opened =
    crashed !== undefined &&
    startsAgain.length === 0 &&
    own.some(({ step, uptime }) => step === "held" && uptime < crashed);
  const held = opened && recovered && own.find(({ step, uptime }) => step === "held" && uptime >= recovered.uptime);
  return {
    ...(seen && first ? { seenMs: since(first.uptime, seen.uptime) } : {}),
    ...(error && crashed !== undefined
      ? {
          stale: {
            errno: staleErrno(reads, error, over),
            afterMs: since(crashed, error.uptime),
            ...(over ? { lastedMs: since(error.uptime, over.uptime) } : {}),
          },
        }
      : {}),
    ...(recovered && again ? { recoveredMs: since(again.mount.uptime, recovered.uptime) } : {}),
    ...(notBack ? { notBack: true as const } : {}),
    ...(recovered && restarted ? { restarted: true as const } : {}),
    ...(recovered && perhapsRestarted ? { perhapsRestarted: true as const } : {}),
    ...(starts[0]?.fuse_at_start === "yes" ? { bornLate: true as const } : {}),
    ...(own.some(hasUserNamespace) ? { userNamespace: true as const } : {}),
    ...(leftEarly ? { leftEarly: true as const } : {}),
    ...mountsOver(reads, crashed, recovered),
    ...(held ? { heldFile: held.result === "ok" ? ("alive" as const) : ("dead" as const) } : {}),
  };
}

/** What piles up at each mount shows in the size of the mount table. */
function mountsOver(
  reads: readonly RecordOf<"read">[],
  crashed: number | undefined,
  recovered: RecordOf<"read"> | undefined,
): Pick<ReaderTimeline, "mounts"> {
  const good = crashed === undefined ? undefined : reads.findLast((one) => one.result === "ok" && one.uptime < crashed);
  const [before, after] = [good?.table, recovered?.table].map((size) =>
    size === undefined ? Number.NaN : Number(size),
  ) as [number, number];
  return Number.isFinite(before + after) ? { mounts: { before, after } } : {};
}

function staleErrno(
  reads: readonly RecordOf<"read">[],
  error: RecordOf<"read">,
  over: RecordOf<"read"> | undefined,
): string {
  if (error.errno !== "ECONNABORTED") return error.errno ?? "UNKNOWN";
  const later = reads.filter(
    ({ uptime }) => uptime > error.uptime && uptime < (over?.uptime ?? Number.POSITIVE_INFINITY),
  );
  return later.find(({ errno }) => errno !== error.errno)?.errno ?? error.errno;
}

const isOneOf = (markers: readonly RecordOf<"marker">[], { result, nonce }: RecordOf<"read">): boolean =>
  result === "ok" && nonce !== undefined && markers.some((marker) => marker.nonce === nonce);

const failed = (record: ProbeRecord): record is RecordOf<"read" | "look"> =>
  isStep(record, "read", "look") && record.result === "error";

/** At least 0: a reader may see what the producer has done before the producer has recorded it. */
const since = (from: number, to: number): number => Math.max(0, Math.round((to - from) * 1000));
