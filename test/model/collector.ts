/** What a collector has at a moment of a history: as cluster/gather.ts and cluster/containerLogs.ts keep it. */
import { type ProbeRecord, parseRecord } from "../../core/contract/records.ts";
import { GRADED } from "../../core/contract/replacement.ts";
import type { Evidence, PodFact } from "../../core/evidence/evidence.ts";
import { nodeFact, podFact } from "../../core/evidence/facts.ts";
import { LOGS, type Plan } from "./plan.ts";
import { CONTAINERS, END, type Line, type Log, NODE, RUN, START, type World } from "./world.ts";

/** A whole log, and when each of its lines comes. */
interface Served {
  readonly key: string;
  readonly log: Log;
  readonly lines: readonly { readonly arrives: number; readonly record: ProbeRecord }[];
}

export interface Collected {
  readonly logs: readonly Served[];
  readonly pods: readonly {
    readonly arrives: number;
    readonly component: string;
    readonly uid: string;
    readonly fact: () => PodFact;
  }[];
  readonly world: World;
  readonly arrivals: readonly number[];
}

export function collect(world: World): Collected {
  const { plan } = world;
  const from = joins(world);
  const logs = world.logs.map((log): Served => {
    const nth = LOGS.indexOf(log.role);
    const lag = plan.lags.logs[nth] ?? 0;
    const lost = plan.lost === nth;
    const begins = Math.max(from, startReported(world, log) + plan.lags.pods);
    const stalled = (at: number) => {
      const begin = START + plan.stall.from;
      return plan.stall.log === nth && at >= begin && at < begin + plan.stall.seconds;
    };
    const lines = log.lines.flatMap((line) => {
      const { at } = line;
      const record = lost ? undefined : recordOf(line);
      const sent = stalled(at) ? START + plan.stall.from + plan.stall.seconds : at;
      // A log is asked for once its container is known to have started; one that is served late comes all at once.
      return record ? [{ arrives: Math.max(sent, begins, (log.lines[0]?.at ?? 0) + lag), record }] : [];
    });
    return { key: keyOf(CONTAINERS[log.role], String(log.generation), log.life), log, lines };
  });
  const pods = world.podStates.map(({ at, pod }) => ({
    arrives: Math.max(at + plan.lags.pods, from),
    component: pod.metadata?.labels?.["app.kubernetes.io/component"] ?? "",
    uid: pod.metadata?.uid ?? "",
    fact: once(() => podFact(pod)),
  }));
  const arrivals = [
    ...logs.flatMap(({ lines }) => lines.map(({ arrives }) => arrives)),
    ...pods.map(({ arrives }) => arrives),
    ...world.events.map(({ at }) => Math.max(at + plan.lags.events, from)),
    ...world.refusals.map(({ at }) => Math.max(at, from)),
  ].sort((a, b) => a - b);
  return { logs, pods, world, arrivals: [...new Set(arrivals)].filter((time) => time < END) };
}

/** When the pod's state first said that this life of the container had started. */
function startReported({ podStates }: World, { pod: of, generation, role, life }: Log): number {
  const own = podStates.filter(
    ({ pod: { metadata } }) => metadata?.name === `fuse-${of}` && metadata.uid === String(generation),
  );
  const reported = own.find(({ pod }) =>
    pod.status?.containerStatuses?.some(
      ({ name, state, restartCount = 0 }) =>
        name === CONTAINERS[role] && !state?.waiting && state !== undefined && restartCount >= life,
    ),
  );
  return reported?.at ?? Number.POSITIVE_INFINITY;
}

/** Who meets a node that has refused and then does not refuse any more comes after that: nobody could foresee it. */
const joins = ({ plan, healedAt }: World): number => Math.max(START + plan.joins, healedAt + plan.lags.pods);

const SCENARIO: Partial<Record<Plan["scenario"], undefined>> = { base: undefined, "no-crash": undefined };

export function evidenceAt({ logs, pods, world }: Collected, time: number, final: boolean): Evidence {
  const { plan } = world;
  const latest = ["producer", "consumer"].flatMap((component) => {
    const last = pods.findLast((one) => one.component === component && one.arrives <= time);
    return last ? [{ uid: last.uid, fact: last.fact() }] : [];
  });
  const begun = logs.filter(({ lines }) => lines[0] !== undefined && lines[0].arrives <= time);
  begun.sort((a, b) => (a.lines[0]?.arrives ?? 0) - (b.lines[0]?.arrives ?? 0));
  const taints =
    plan.pods === "taint" ? [{ key: "node.longhorn.io/storage", value: "enabled", effect: "NoSchedule" }] : [];
  return {
    node: NODE,
    ...(plan.scenario in SCENARIO ? {} : { scenario: plan.scenario }),
    run: RUN,
    records: begun.flatMap(({ lines }) => lines.filter(({ arrives }) => arrives <= time).map(({ record }) => record)),
    pods: latest.map(({ fact }) => fact),
    events: world.events
      .filter(({ at }) => Math.max(at + plan.lags.events, joins(world)) <= time)
      .map(({ pod, container, reason, message }) => ({ object: `pod/${pod}`, container, reason, message })),
    nodeFact: nodeFact({ spec: { taints }, status: { conditions: [{ type: "Ready", status: "True" }] } }),
    unread: unread(latest, logs, time),
    ...replacingAt(world, time),
    refusals: world.refusals.filter(({ at }) => Math.max(at, joins(world)) <= time).map(({ words }) => words),
    final,
  };
}

/** Containers that have started and whose log nobody has served yet; of one that has ended, not to its end. */
function unread(
  pods: readonly { readonly uid: string; readonly fact: PodFact }[],
  logs: readonly Served[],
  time: number,
): string[] {
  const served = (uid: string, own: string, life: number, state: string) => {
    const lines = logs.find(({ key }) => key === keyOf(own, uid, life))?.lines ?? [];
    const last = state === "terminated" ? lines.at(-1) : lines[0];
    return last !== undefined && last.arrives <= time;
  };
  return pods.flatMap(({ uid, fact }) =>
    fact.containers
      .filter(({ name, state, restarts = 0 }) => state !== "waiting" && !served(uid, name, restarts, state))
      .map(({ name }) => `${fact.name}/${name}`),
  );
}

const keyOf = (name: string, uid: string, life: number): string => `${name} ${uid} ${life}`;

/** What the collector asks about the producer's pod, and has been told of it. */
function replacingAt({ plan, notReplacedAt = END }: World, time: number): Pick<Evidence, "replacing"> {
  if (plan.asked === "no" || !(plan.scenario in SCENARIO)) return {};
  const refused = notReplacedAt <= time ? { refused: "the pod cannot be deleted: HTTP 403" } : {};
  return { replacing: { ways: plan.asked === "yes" ? GRADED : [], ...refused } };
}

/** Until the pod that takes the producer's place has said so, the collector asks for no answer: see cluster/collect.ts. */
export function isReplacing({ logs, world }: Collected, time: number): boolean {
  const begun = world.truth.replacements.filter(({ at }) => at <= time).length;
  const reported = new Set(
    begun > 0
      ? logs.flatMap(({ lines }) =>
          lines.flatMap(({ arrives, record }) =>
            record.step === "replaced" && arrives <= time ? [record.uptime] : [],
          ),
        )
      : [],
  );
  return reported.size < begun;
}

/** A collector that asks again and again reads each line once. */
const known = new WeakMap<Line, { readonly record: ProbeRecord | undefined }>();
function recordOf(line: Line): ProbeRecord | undefined {
  const read = known.get(line) ?? { record: parseRecord(line.text) };
  known.set(line, read);
  return read.record;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
