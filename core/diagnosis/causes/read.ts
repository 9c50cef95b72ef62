/** How the causes read the evidence: its records by container and step, its states and words as quotes. */

import { isFuseType } from "../../../base/fuse.ts";
import { mountInfo } from "../../../base/mounts.ts";
import { type FaultEntry, faultIn } from "../../contract/faults.ts";
import { type AnyRole, COMPONENTS, CONTROL, READERS } from "../../contract/readers.ts";
import { isStep, type ProbeRecord, type RecordOf, type Step, type WriterOf } from "../../contract/records.ts";
import { scenarioOf } from "../../contract/scenarios.ts";
import type { ContainerFact, EventFact, Evidence, PodFact } from "../../evidence/evidence.ts";
import type { Quote } from "./cause.ts";

/** The records of one container and one step, in their order. */
export const of = <S extends Step, R extends WriterOf<S>>(evidence: Evidence, role: R, step: S) =>
  evidence.records.filter((record): record is RecordOf<S, R> => record.role === role && record.step === step);

export const readerFailed = (evidence: Evidence): boolean =>
  READERS.some((reader) => of(evidence, reader, "verdict").some(({ result }) => result === "error"));

export const allReadersDecided = (evidence: Evidence): boolean =>
  READERS.every((reader) => of(evidence, reader, "verdict").length > 0);

/** What tells of a container and not of what it meets: it counts whenever it comes. */
const LASTING = ["identity", "slow"] as const;

/**
 * The evidence of the question alone. It is over when every reader has decided for the first time: what readers meet later, or
 * in their next life, explains nothing of it. That the control has seen a marker counts whenever it did.
 */
export function untilDecided(evidence: Evidence): Evidence {
  const first = READERS.map((role) => of(evidence, role, "verdict")[0]?.uptime ?? Number.POSITIVE_INFINITY);
  const end = Math.max(...first);
  const isAsked = (record: ProbeRecord) =>
    record.uptime <= end ||
    !OBSERVERS.includes(record.role) ||
    isStep(record, ...LASTING) ||
    (record.role === CONTROL.role &&
      (record.step === "start" || (record.step === "control" && record.kind === "seen")));
  return Number.isFinite(end) ? { ...evidence, records: evidence.records.filter(isAsked) } : evidence;
}
const OBSERVERS: readonly AnyRole[] = [...READERS, CONTROL.role];

/** What befalls the daemon by the schedule of a scenario's pair: where it ends the container, that need not have ended by itself. */
export function meantFault({ scenario }: Evidence): FaultEntry | undefined {
  const pair = scenario === undefined ? undefined : scenarioOf(scenario)?.pair;
  return typeof pair === "object" ? faultIn(pair) : undefined;
}

/** The kubelet's word for a container that the kernel has killed for its memory. */
export const OOM_KILLED = "OOMKilled";

/** No reader will find the marker any more, and the producer has said whether there was one; or no more is to come. */
export const notRead = (evidence: Evidence): boolean =>
  (allReadersDecided(evidence) && readerFailed(evidence) && producerRecorded(evidence)) ||
  (evidence.final && !allRead(evidence));

/**
 * The logs of several containers come in no order, and a daemon's own file may appear long after the mount: what is said of
 * the whole run waits until the producer has recorded its marker, or that it cannot mount.
 */
export const producerRecorded = (evidence: Evidence): boolean =>
  evidence.final ||
  of(evidence, "producer", "marker").length > 0 ||
  of(evidence, "producer", "mount").some(({ result }) => result === "error");

const allRead = (evidence: Evidence): boolean =>
  READERS.every((reader) => of(evidence, reader, "verdict").some(({ result }) => result === "ok"));

export const mounts = (evidence: Evidence): RecordOf<"mount">[] =>
  of(evidence, "producer", "mount").filter(({ result }) => result === "ok");

/**
 * Both sides have said how their bridge is mounted, and the daemon has mounted: what can explain a missing propagation by how
 * the pods were made is known now, whichever pod started first. Where nothing is mounted, nothing could be propagated.
 */
export const bothStarted = (evidence: Evidence): boolean =>
  mounts(evidence).length > 0 && READERS.every((reader) => of(evidence, reader, "start").length > 0);

/** The whole range of ids mapped onto itself: the first line of /proc/self/uid_map outside of any user namespace. */
const HOST_USERS = "0 0 4294967295";

/** Whether a record tells that its container has a user namespace of its own. */
export const hasUserNamespace = (record: ProbeRecord): record is RecordOf<"identity"> =>
  record.step === "identity" && record.uid_map !== undefined && record.uid_map !== HOST_USERS;

/** The daemon, or a tool it needs, failed: nothing is mounted, or nothing can be written to it. */
export const mountFailures = (evidence: Evidence): MountFailure[] =>
  evidence.records.filter(
    (record): record is MountFailure =>
      record.role === "producer" && (record.step === "mount" || record.step === "marker") && record.result === "error",
  );
type MountFailure = RecordOf<"mount" | "marker", "producer">;

/** As mountFailures, once the consumer has looked: were there a hollow marker, it would have said so by now. */
export function gaveUp(evidence: Evidence): MountFailure[] {
  const looked = of(evidence, "default", "read").length > 0;
  return looked || evidence.final ? mountFailures(evidence) : [];
}

/**
 * Whether this was said by a mount whose daemon is dead: ENOTCONN to whoever asks it, and once ECONNABORTED to a request that was in
 * flight as the daemon died.
 */
export const saysDead = ({ errno }: { readonly errno?: string | undefined }): boolean =>
  errno === "ENOTCONN" || errno === "ECONNABORTED";

/** The exit code with which the daemon ended, where a record of the producer tells of its end. */
export const daemonExitOf = (record: ProbeRecord): string | undefined =>
  record.role === "producer" && (record.step === "daemon" || record.step === "mount") ? record.exit_code : undefined;

const lineOf = (mountinfo: string | undefined) => (mountinfo === undefined ? undefined : mountInfo(mountinfo));

/** The mount point in a line of the mount table. */
export const mountPointOf = (mountinfo: string | undefined): string | undefined =>
  lineOf(mountinfo)?.point || undefined;

/** Whether a line of the mount table is in a peer group, as everything propagated is; a container's own copy is private. */
export const hasPeers = (mountinfo: string | undefined): boolean =>
  lineOf(mountinfo)?.peers.some((field) => /^(shared|master):\d+$/.test(field)) ?? false;

/** One mount of one container. */
export const idOf = (mountinfo: string | undefined): string | undefined => lineOf(mountinfo)?.id;

/** The mount that it is mounted on. */
export const parentOf = (mountinfo: string | undefined): string | undefined => lineOf(mountinfo)?.parent || undefined;

/** The device number of its file system, which no other has that is mounted anywhere meanwhile. */
export const deviceOf = (mountinfo: string | undefined): string | undefined => lineOf(mountinfo)?.device || undefined;

/** The device and the directory in it that a line of the mount table is of: the same for each volume of one directory. */
export function mountedDirectory(mountinfo: string | undefined): string | undefined {
  const line = lineOf(mountinfo);
  return line && [line.device, line.root].filter(Boolean).join(" ");
}

/** What the daemon asked for, in a line of the mount table. */
export const superOptionsOf = (mountinfo: string | undefined): readonly string[] =>
  lineOf(mountinfo)?.superOptions ?? [];

export const isFuse = (mountinfo: string | undefined): boolean => isFuseType(lineOf(mountinfo)?.type ?? "");

export const quotes = (evidence: Evidence, matches: (record: ProbeRecord) => boolean): Quote[] =>
  evidence.records.filter(matches).map(recordQuote);

/** The part of a record that proves: the mount table's line, the tool's own words, or the errno. */
export function recordQuote(record: ProbeRecord): Quote {
  const said = [record.errno, record.detail, record.nonce && `nonce ${record.nonce}`, record.mountinfo].filter(Boolean);
  return { source: sourceOf(record), text: said.join("; ") || record.step };
}

export const sourceOf = ({ role, time, step, result }: ProbeRecord): string => `${role} at ${time}, ${step} ${result}`;

const eventQuote = ({ object, reason, message }: EventFact): Quote => ({
  source: `event ${reason} on ${object}`,
  text: message,
});

/** Words of what does not run now; of what runs by now they are of an earlier attempt, as where the last one failed in other words. */
export const eventQuotes = (evidence: Evidence, matches: (text: string) => boolean): Quote[] =>
  evidence.events
    .filter((event) => matches(event.message) && !isOver(evidence, event) && !isOutdated(evidence, event, matches))
    .map(eventQuote);

/** With these a container waits for its next attempt, and its message is of the last one. */
const ATTEMPTED = /^(Create|Run)Container(Config)?Error$/;

/** Whether the last attempt to start the container that an event names did not fail as the event says. */
function isOutdated(
  { pods, final }: Evidence,
  { object, container }: EventFact,
  matches: (text: string) => boolean,
): boolean {
  // Of a pod that nobody has seen it is not known yet where it is, nor what became of it.
  if (!final && pods.length === 0 && object.startsWith("pod/")) return true;
  const named = pods
    .filter(({ name }) => object === `pod/${name}`)
    .flatMap(({ containers }) => containers.filter(({ name }) => name === container));
  return named.some(
    ({ state, reason, message }) =>
      state === "waiting" && ATTEMPTED.test(reason) && message !== "" && !matches(message),
  );
}

export const refusalQuotes = (evidence: Evidence, matches: (text: string) => boolean): Quote[] =>
  everythingRuns(evidence) ? [] : evidence.refusals.filter(matches).map((text) => ({ source: "API server", text }));

/** Whether what an event speaks of has come to run since. */
function isOver(evidence: Evidence, { object, container }: EventFact): boolean {
  if (!object.startsWith("pod/")) return everythingRuns(evidence);
  const meant = evidence.pods
    .filter(({ name }) => object === `pod/${name}`)
    .flatMap(({ containers }) => containers.filter(({ name }) => container === undefined || name === container));
  return meant.length > 0 && meant.every(hasRun);
}

/** What the runtime says of a container that it made, and could not start. */
const NOT_STARTED = /^(StartError|ContainerCannotRun|ContainerStatusUnknown)$/;

/** Whether a container runs, or has run: what kept it from starting is over. */
const hasRun = ({ state, reason }: ContainerFact): boolean =>
  state === "running" || (state === "terminated" && !NOT_STARTED.test(reason));

const everythingRuns = ({ pods }: Evidence): boolean =>
  COMPONENTS.every((component) =>
    pods.some((pod) => pod.component === component && pod.containers.length > 0 && pod.containers.every(hasRun)),
  );

export const containerQuotes = (
  pods: readonly PodFact[],
  matches: (container: ContainerFact, pod: PodFact) => boolean,
): Quote[] =>
  pods.flatMap((pod) =>
    pod.containers
      .filter((container) => matches(container, pod))
      .map((container) => ({ source: `container ${container.name} of ${pod.name}`, text: stateOf(container) })),
  );

/** Whether the kubelet starts a container again that has ended: then that end decides nothing yet. */
export function isStartedAgain({ phase, spec }: PodFact, { name, exitCode }: ContainerFact): boolean {
  if (phase === "Failed" || phase === "Succeeded") return false;
  const isSidecar = spec?.containers.some((one) => one.name === name && one.sidecar);
  const policy = isSidecar ? "Always" : spec?.restartPolicy;
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
}

function stateOf({ reason, message, exitCode, restarts, last }: ContainerFact): string {
  const before = last && `${restarts} restarts, the last after ${last.reason}, exit code ${last.exitCode}`;
  return [reason, message, exitCode === undefined ? "" : `exit code ${exitCode}`, before].filter(Boolean).join(": ");
}

/** What a container waits for, or an event, in the words of the kubelet and the runtime. */
export const kubeletQuotes = (evidence: Evidence, matches: (text: string) => boolean): Quote[] => [
  ...containerQuotes(evidence.pods, ({ message }) => matches(message)),
  ...eventQuotes(evidence, matches),
];

/** The proof without repetitions: a kubelet says the same of each container, and again with each attempt's new id. */
export const some = (found: readonly Quote[]): readonly Quote[] | undefined => {
  const distinct = new Map(
    found.map((quote) => [quote.text.replace(/[0-9a-f]{64}/g, "").replace(/^\w+: /, ""), quote] as const).reverse(),
  );
  return found.length > 0 ? found.filter((quote) => [...distinct.values()].includes(quote)) : undefined;
};
