/** The mount is there, but its daemon is dead, silent, or does not answer this user. */
import { type DecidingRole, READERS } from "../../contract/readers.ts";
import { isStep, type ProbeRecord, type RecordOf } from "../../contract/records.ts";
import type { ContainerFact, Evidence } from "../../evidence/evidence.ts";
import type { Cause, Quote } from "./cause.ts";
import { markerInTime, markerPending } from "./marker.ts";
import {
  allReadersDecided,
  containerQuotes,
  daemonExitOf,
  gaveUp,
  isFuse,
  isStartedAgain,
  meantFault,
  mountFailures,
  notRead,
  OOM_KILLED,
  of,
  recordQuote,
  saysDead,
  some,
  sourceOf,
  superOptionsOf,
} from "./read.ts";
import { runtimeDrops } from "./runtime.ts";

export const daemonKilled: Cause = {
  id: "daemon-killed",
  outcome: "inconclusive",
  symptom:
    "The producer is `OOMKilled` or ends with exit code 137; the consumer gets `Transport endpoint is not connected`.",
  explanation: "The FUSE daemon was killed from outside, as by the kernel when the container is out of memory.",
  fix: "Raise the producer's memory limit, or find who kills it (`kubectl describe pod`, the node's kernel log).",
  find: killed,
  // That of a daemon that was killed explains what a reader met only once no reader reads any more.
  isPending: (evidence) =>
    daemonEndPending(evidence) ||
    (!evidence.final && !allReadersDecided(evidence) && killed({ ...evidence, final: true }) !== undefined),
};

export const daemonEnded: Cause = {
  id: "daemon-ended",
  outcome: "inconclusive",
  symptom:
    "The daemon mounts, and a moment later `Transport endpoint is not connected` where the producer writes its marker.",
  explanation:
    "The FUSE daemon mounted and ended by itself before it had a marker: nothing but a dead mount was there to read.",
  fix: "Fix what the daemon reports in the evidence; its exit code is there, too.",
  find: (evidence) => {
    const dead = gaveUp(evidence).filter(isDeadMarker);
    const ends = of(evidence, "producer", "daemon").filter(
      ({ exit_code }) => exit_code !== undefined && exit_code !== String(KILLED),
    );
    if (
      dead.length === 0 ||
      ends.length === 0 ||
      !notRead(evidence) ||
      markerInTime(evidence) ||
      markerPending(evidence)
    )
      return undefined;
    return some([...dead, ...ends].map(recordQuote));
  },
  // What comes after it rests on whether there was a marker, too.
  isPending: markerPending,
};

export const daemonSlow: Cause = {
  id: "daemon-slow",
  outcome: "inconclusive",
  symptom: "Every read ends at the probe's deadline, and `cat` of the same file answers a little later.",
  explanation: "The FUSE daemon answers, but needs longer than the probe waits for one answer (`probeSeconds`).",
  fix: "Raise `probeSeconds` above the seconds in the evidence, and `markerWaitSeconds` to ten times that, then test again.",
  find: (evidence) => {
    const late = ([...READERS, "producer"] as const).flatMap((role) => of(evidence, role, "slow"));
    const timedOut = unanswered(evidence);
    if (timedOut.length === 0 || late.length === 0 || !notRead(evidence)) return undefined;
    const words = late.map((record) => ({ source: sourceOf(record), text: `answered after ${record.seconds} s` }));
    return some([...words, ...timedOut.map(recordQuote)]);
  },
};

export const daemonHung: Cause = {
  id: "daemon-hung",
  outcome: "inconclusive",
  symptom: "`ls` or `stat` on the mount never returns (juicedata/juicefs-csi-driver#907).",
  explanation:
    "The FUSE daemon does not answer: the mount is there, and every read of it ends at the probe's deadline (`probeSeconds`).",
  fix: "Restart the daemon; `echo 1 > /sys/fs/fuse/connections/N/abort` on the node frees who waits (N: behind `0:` in the mount's line of its mountinfo).",
  // What one write waited for in vain, the next mount's may do.
  find: (evidence) => (notRead(evidence) ? some(unanswered(evidence).map(recordQuote)) : undefined),
};

export const allowOtherMissing: Cause = {
  id: "allow-other-missing",
  outcome: "failure",
  symptom: "`Permission denied` for every user but the daemon's own, even for `ls`.",
  explanation:
    "The FUSE mount is visible, but was made without allow_other: the kernel lets only the daemon's user in.",
  fix: "Start the daemon with --allow-other (-o allow_other); not as root it also needs user_allow_other in /etc/fuse.conf.",
  find: (evidence) => {
    if (!notRead(evidence)) return undefined;
    const denied = READERS.flatMap((role) => of(evidence, role, "read")).filter(
      ({ errno, mountinfo }) =>
        errno === "EACCES" && isFuse(mountinfo) && !superOptionsOf(mountinfo).includes("allow_other"),
    );
    return some(denied.map(recordQuote));
  },
};

/** A reader has met the dead mount of this run, and the producer, who will say how its daemon ended, has not done so since. */
function daemonEndPending(evidence: Evidence): boolean {
  const ended = evidence.pods.some(
    ({ component, containers }) =>
      component === "producer" && containers.some(({ state, last }) => state === "terminated" || last),
  );
  const last = evidence.records.findLast(
    (record) => (record.role === "producer" && isStep(record, ...LAST_WORDS)) || daemonExitOf(record),
  );
  const dead = [...deadReads(evidence), ...mountFailures(evidence).filter(isDeadMarker)];
  return !evidence.final && !ended && dead.some(({ uptime }) => uptime > (last?.uptime ?? 0));
}
/** With these the producer has recorded how its daemon ended, or will record it no more. */
const LAST_WORDS = ["crash", "finish"] as const;

/** With these it ends its mount itself; the record comes a moment after that. */
const ENDS = ["unmount-in-order", "finish", "unmount"] as const;
const UNMOUNT_SECONDS = 0.5;

/** The looks that met a dead mount of this run, for which its schedule does not account. */
function deadReads(evidence: Evidence): RecordOf<"read">[] {
  const producer = evidence.records.filter(({ role }) => role === "producer");
  return READERS.flatMap((role) => of(evidence, role, "read")).filter((read) => {
    if (!saysDead(read)) return false;
    const last = producer.findLast((record) => {
      const { result, uptime } = record;
      // A look that began before that met what was there before.
      if (record.step === "daemon" && result === "info") return uptime < Number(read.looked ?? read.uptime);
      if (record.step === "crash" && result === "ok") return Number(record.at ?? uptime) <= read.uptime;
      return isStep(record, ...ENDS) && uptime - UNMOUNT_SECONDS <= read.uptime;
    });
    // Before the first daemon's start it was the dead mount of an earlier run.
    return last?.step === "daemon";
  });
}

/** What ended at the probe's deadline: the producer's own marker, and the last look of each reader. */
function unanswered(evidence: Evidence): ProbeRecord[] {
  const silent = READERS.flatMap((role) => of(evidence, role, "read").slice(-1)).filter(
    ({ errno, mountinfo }) => errno === "ETIMEDOUT" && isFuse(mountinfo),
  );
  const unwritten = gaveUp(evidence).filter(({ step, errno }) => step === "marker" && errno === "ETIMEDOUT");
  return [...(markerInTime(evidence) ? [] : unwritten), ...silent];
}

const isDeadMarker = (record: ProbeRecord): boolean => record.step === "marker" && saysDead(record);

/** 128 + SIGKILL, as a shell and the container runtime give it. */
const KILLED = 137;

function killed(evidence: Evidence): readonly Quote[] | undefined {
  const producers = evidence.pods.filter(
    // A pod that the kubelet itself ended (its deadline, an eviction) says so.
    ({ component, reason }) => component === "producer" && reason === undefined,
  );
  // Where the container is to die, its exit code is no news; that the kernel was out of memory still is, unless that is meant, too.
  const { endsContainer: meant, outOfMemory } = meantFault(evidence) ?? {};
  const wasKilled = ({ reason, exitCode, last }: ContainerFact) =>
    [{ reason, exitCode }, last].some((end) =>
      end?.reason === OOM_KILLED ? !outOfMemory : end?.exitCode === KILLED && !meant,
    );
  const containers = containerQuotes(producers, wasKilled);
  // What comes after the readers have given up explains nothing of what they saw, nor of a mount that had failed before.
  const end = allReadersDecided(evidence)
    ? Math.max(...READERS.map((role) => of(evidence, role, "verdict").at(-1)?.uptime ?? 0))
    : Number.POSITIVE_INFINITY;
  const before = evidence.records.filter(({ uptime }) => uptime <= end);
  const killedDaemons = before.filter((record) => record.result === "error" && daemonExitOf(record) === String(KILLED));
  const daemons = killedDaemons.map((record): Quote => {
    const text = [`the daemon's exit code ${KILLED}`, record.detail].filter(Boolean).join("; ");
    return { source: sourceOf(record), text };
  });
  const dead = deadReads(evidence).filter(({ uptime }) => uptime <= end);
  // One that has found its mount point taken would not have mounted.
  const gaveUpBefore = evidence.records.some(
    (record) => record.role === "producer" && isStep(record, "in-use", "stale") && record.result === "error",
  );
  const neverMounted = of(evidence, "producer", "mount").length === 0 && !gaveUpBefore;
  // Where the mount was there and nobody met it dead, its death explains nothing: it never reached anybody.
  const explains =
    neverMounted ||
    dead.length > 0 ||
    killedDaemons.some(({ step }) => step === "mount") ||
    mountFailures(evidence).some(isDeadMarker);
  const found = [...containers, ...daemons];
  // The daemon's death explains a run only where that run did not end well without it; of a container that runs again its
  // records tell.
  const isDown = producers.some((pod) =>
    pod.containers.some(
      (one) =>
        wasKilled(one) &&
        (one.state === "waiting" || (one.state === "terminated" && (evidence.final || !isStartedAgain(pod, one)))),
    ),
  );
  // A SUCCESS from before may stand in a log that comes later, unless that has come to the dead mount.
  const isOver = (role: DecidingRole) =>
    of(evidence, role, "verdict").length > 0 || dead.some((read) => read.role === role);
  const isTooLate = evidence.final || neverMounted || READERS.every(isOver);
  // After a marker that failed the schedule goes on, to the next mount.
  const ended =
    notRead(evidence) || mountFailures(evidence).some(({ step }) => step === "mount") || (isDown && isTooLate);
  if (found.length === 0 || !explains || !ended || runtimeDrops(evidence)) return undefined;
  return some([...found, ...dead.map(recordQuote)]);
}
