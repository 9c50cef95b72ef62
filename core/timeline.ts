/**
 * What happened on a node and what each reader saw of it, from the probe's records: pure. All times are milliseconds of the
 * node's own clock, 10 ms fine, which all containers of a node share.
 */
import type { Evidence, ProbeRecord } from "./evidence.ts";

/** What the dead mount looked like to a reader. */
export interface Stale {
  /** The first error after the daemon's death: ENOTCONN as a rule. */
  readonly errno: string;
  /** From the daemon's death to the first error. */
  readonly afterMs: number;
  /** From the first error until the dead mount was gone (ENOENT), or the new one was read. */
  readonly lastedMs?: number;
}

export interface ReaderTimeline {
  /** From the first mount to the first read of its marker. */
  readonly seenMs?: number;
  readonly stale?: Stale;
  /** From the second mount to the first read of its marker. */
  readonly recoveredMs?: number;
  /** Whether the reader's container was started again between the crash and that read. */
  readonly restarted?: true;
  /** Whether its container was created when the FUSE mount was there already. */
  readonly bornLate?: true;
  /** Whether it stopped looking before the second mount had its marker: then it says nothing of a recovery. */
  readonly leftEarly?: true;
  /** Whether a file opened before the crash reads again after the recovery: `dead`, or `alive`. */
  readonly heldFile?: "dead" | "alive";
}

export interface Timeline {
  /** From the start of the FUSE daemon to its mount. */
  readonly mountMs?: number;
  /** Whether the daemon was killed and mounted again: only then can a reader recover, or not. */
  readonly remounted: boolean;
  /** True once the producer is through with its schedule. */
  readonly complete: boolean;
  /** By role: default, hardened. */
  readonly readers: Readonly<Record<string, ReaderTimeline>>;
}

export function timelineOf(evidence: Evidence, readers: readonly string[]): Timeline {
  const producer = evidence.records.filter(({ role }) => role === "producer");
  const good = (step: string) => producer.filter((record) => record.step === step && record.result === "ok");
  const [first, second] = good("mount");
  const [firstMarker, ...laterMarkers] = good("marker");
  const [crash] = good("crash");
  // A daemon that cannot be mounted again ends the schedule too, long before the pod.
  const notBack = producer.find(
    ({ step, result, uptime }) =>
      (step === "mount" || step === "marker") && result === "error" && crash && uptime > crash.uptime,
  );
  const daemon = producer.find(({ step }) => step === "daemon");
  const [cleaned] = good("clean");
  const marks = { first, second, crash, cleaned, firstNonce: firstMarker?.nonce, laterMarkers };
  return {
    ...(daemon && first ? { mountMs: since(daemon, first) } : {}),
    remounted: crash !== undefined && second !== undefined,
    complete: notBack !== undefined || producer.some(({ step }) => step === "inspect" || step === "unmount"),
    readers: Object.fromEntries(readers.map((role) => [role, readerTimeline(evidence, role, marks)])),
  };
}

interface Marks {
  readonly first: ProbeRecord | undefined;
  readonly second: ProbeRecord | undefined;
  readonly crash: ProbeRecord | undefined;
  readonly cleaned: ProbeRecord | undefined;
  readonly firstNonce: string | undefined;
  /** Those of the second mount and of what came after it. */
  readonly laterMarkers: readonly ProbeRecord[];
}

function readerTimeline(evidence: Evidence, role: string, marks: Marks): ReaderTimeline {
  const { first, second, crash } = marks;
  const own = evidence.records.filter((record) => record.role === role);
  const reads = own.filter(({ step }) => step === "read");
  const readOf = (nonces: readonly (string | undefined)[], from = 0) =>
    reads.find(({ result, nonce, uptime }) => result === "ok" && nonce && nonces.includes(nonce) && uptime >= from);
  const seen = readOf([marks.firstNonce]);
  // A file of the daemon's own has the same nonce in every mount. The first can be read no more once it was killed and taken
  // away; the second may be, even before the producer has told of it.
  const gone = marks.cleaned ?? crash;
  const recovered = readOf(
    marks.laterMarkers.map(({ nonce }) => nonce),
    gone?.uptime,
  );
  const error =
    crash && reads.find((read) => read.result === "error" && read.errno !== "ENOENT" && read.uptime >= crash.uptime);
  const over =
    error && reads.find((read) => read.uptime > error.uptime && (read.result === "ok" || read.errno === "ENOENT"));
  // What is read after the crash but before the clean-up may still come from a cache: only the recovered state tells.
  const starts = own.filter(({ step }) => step === "start");
  // What is restarted only after it was back, at the end of a mount, came back by itself.
  const restarted =
    crash &&
    starts
      .slice(1)
      .some(({ uptime }) => uptime > crash.uptime && (recovered === undefined || uptime < recovered.uptime));
  const finish = own.findLast(({ step }) => step === "finish");
  const [again] = marks.laterMarkers;
  const leftEarly = !recovered && finish && again && finish.uptime < again.uptime;
  const opened = crash && !restarted && own.some(({ step, uptime }) => step === "held" && uptime < crash.uptime);
  const held = opened && recovered && own.find(({ step, uptime }) => step === "held" && uptime >= recovered.uptime);
  return {
    ...(seen && first ? { seenMs: since(first, seen) } : {}),
    ...(error && crash
      ? {
          stale: {
            errno: error.errno ?? "UNKNOWN",
            afterMs: since(crash, error),
            ...(over ? { lastedMs: since(error, over) } : {}),
          },
        }
      : {}),
    ...(recovered && second ? { recoveredMs: since(second, recovered) } : {}),
    ...(recovered && restarted ? { restarted } : {}),
    ...(starts[0]?.fuse_at_start === "yes" ? { bornLate: true as const } : {}),
    ...(leftEarly ? { leftEarly: true as const } : {}),
    ...(held ? { heldFile: held.result === "ok" ? ("alive" as const) : ("dead" as const) } : {}),
  };
}

/** At least 0: a reader may see what the producer has done before the producer has told of it. */
const since = (from: ProbeRecord, to: ProbeRecord): number => Math.max(0, Math.round((to.uptime - from.uptime) * 1000));
