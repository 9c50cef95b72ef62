/**
 * What was seen of one node, as plain data: the probe's own records, the states of the pods and of the node, events, and
 * the API's refusals. Nothing here judges; verdict.ts does.
 */
import { z } from "zod";
import { LABELS } from "../contract/names.ts";
import { type PodSpecFact, type SpecSource, specFact } from "./specFact.ts";

export type { BridgeFact, ContainerSpecFact, PodSpecFact } from "./specFact.ts";

/**
 * One machine-readable line of the probe: see `record` in probe/lib.sh. What a step's result proves:
 *
 * - `mount ok` (producer): the mount table has a FUSE line at the mount point itself; `mountinfo` is that line.
 *   Until `absent_until` it had none.
 * - `marker ok`: the marker was read back from another device than the one below the mount; `nonce` tells this mount. Until
 *   `absent_until` nobody can have read it: then it was written, or a file of the daemon's own was not there.
 * - `crash ok`: the daemon was killed (`fault` hang: stopped) at `at`, and the producer has seen since that the mount is dead:
 *   `errno` ENOTCONN (ECONNABORTED where its question was in flight), or GONE from the mount table; of a hang ETIMEDOUT.
 *   `crash error`: the daemon lives on.
 * - `clean ok`: the mount table has no FUSE mount at the mount point any more. A new life of a container says `stale ok` instead.
 * - `read` (readers): one look at the marker, from `looked` to the record's own time, told only where it differs from the last
 *   one; `look error`: it still fails. `fuse_at_start` and `mountinfo` are of the mount point itself, or of the bridge.
 * - `verdict ok` (readers): `seen_uptime` and `seen_until` are that look's beginning and end, `control_uptime` the beginning
 *   of the control's look that came after it and saw nothing.
 * - `control ok`: it does not see the marker; `mountinfo` is its own bridge. `control error`, `kind` seen: it does.
 * - `identity`: `uid` and effective `capabilities` as the kernel has them.
 */
const probeRecord = z.looseObject({
  time: z.string(),
  /** Seconds since the node's boot, 10 ms fine: the one clock all containers of a node share. */
  uptime: z.number().nonnegative(),
  run: z.string(),
  node: z.string(),
  /** producer, control, default, hardened, user; of a container that comes before these: turn. */
  role: z.string().min(1),
  step: z.string().min(1),
  result: z.enum(["ok", "error", "info"]),
  errno: z.string().optional(),
  detail: z.string().optional(),
  nonce: z.string().optional(),
  mountinfo: z.string().optional(),
});
export type ProbeRecord = z.output<typeof probeRecord>;

export interface ContainerFact {
  readonly name: string;
  readonly state: "waiting" | "running" | "terminated";
  /** Kubernetes' reason word, such as ImagePullBackOff; empty while running. */
  readonly reason: string;
  readonly message: string;
  readonly exitCode?: number;
  /** How often it was started again; only with `last`. */
  readonly restarts?: number;
  /** How it ended before it was started again. */
  readonly last?: { readonly reason: string; readonly exitCode: number };
}

export interface PodFact {
  readonly name: string;
  readonly component: string;
  readonly phase: string;
  readonly nodeName?: string;
  /** RFC 3339: of several pods of one component only the newest is part of the test. */
  readonly created?: string;
  /** Why the scheduler has not placed it, in the scheduler's words. */
  readonly unschedulable?: string;
  /** Why the kubelet refused or ended the whole pod: Evicted, OutOfcpu, DeadlineExceeded. */
  readonly reason?: string;
  readonly message?: string;
  readonly containers: readonly ContainerFact[];
  /** How it was really made: by this project, or by somebody who changed it. */
  readonly spec?: PodSpecFact;
}

export interface EventFact {
  readonly object: string;
  /** The container of the pod that it is about, where it names one. */
  readonly container?: string;
  readonly reason: string;
  readonly message: string;
  /** How often it was said; undefined where nobody counted. */
  readonly count?: number;
}

export interface NodeFact {
  readonly exists: boolean;
  readonly ready: boolean;
  readonly cordoned: boolean;
  /** `key=value:effect` */
  readonly taints: readonly string[];
}

export interface Evidence {
  readonly node: string;
  /** The scenario whose own pair was seen; undefined for the base pair. */
  readonly scenario?: string;
  readonly run: string;
  readonly records: readonly ProbeRecord[];
  readonly pods: readonly PodFact[];
  readonly events: readonly EventFact[];
  /** Undefined while it has not been read; `unreadable` where the user may not read nodes. */
  readonly nodeFact?: NodeFact | "unreadable";
  /** The API's own words where it refused an object of the test. */
  readonly refusals: readonly string[];
  /**
   * `pod/container` of each that has started and whose log nobody has served yet, or, where it has ended, not to its end: what
   * it has to say may prove more than what others say of it. Undefined where nobody kept count.
   */
  readonly unread?: readonly string[];
  /** True when no more will come: the time for collecting is over. */
  readonly final: boolean;
}

/**
 * The evidence as far as it can be believed: records of this run and node alone, each once, in the order of the node's clock. A
 * log that was read twice, or came late, changes nothing.
 */
export function believed(evidence: Evidence): Evidence {
  const own = evidence.records.filter(({ run, node }) => run === evidence.run && node === evidence.node);
  const once = new Map(own.map((record) => [textOf(record), record]));
  const records = [...once.values()].sort(
    (a, b) => a.uptime - b.uptime || (a.role < b.role ? -1 : Number(a.role > b.role)),
  );
  return { ...evidence, records };
}

/** Whoever collects judges the same records again with each new one. */
const texts = new WeakMap<ProbeRecord, string>();
function textOf(record: ProbeRecord): string {
  const known = texts.get(record) ?? JSON.stringify(record);
  texts.set(record, known);
  return known;
}

/** How a record's line begins: see `record` in probe/lib.sh. */
const BEGINNING = '{"time":"';

/** A probe's log line as a record, or undefined where the line is for people, or torn. */
export function parseRecord(line: string): ProbeRecord | undefined {
  if (!line.startsWith(BEGINNING)) return undefined;
  try {
    return probeRecord.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** The parts of an API object that the facts are drawn from; client-node's objects have them. */
interface ApiContainerState {
  waiting?: { reason?: string | undefined; message?: string | undefined } | undefined;
  running?: object | undefined;
  terminated?: { reason?: string | undefined; message?: string | undefined; exitCode: number } | undefined;
}
interface ApiContainerStatus {
  name: string;
  state?: ApiContainerState | undefined;
  lastState?: ApiContainerState | undefined;
  restartCount?: number | undefined;
}
export interface ApiPod {
  metadata?:
    | {
        name?: string | undefined;
        labels?: Record<string, string> | undefined;
        creationTimestamp?: Date | string | undefined;
      }
    | undefined;
  spec?: (SpecSource & { nodeName?: string | undefined }) | undefined;
  status?:
    | {
        phase?: string | undefined;
        reason?: string | undefined;
        message?: string | undefined;
        conditions?:
          | { type: string; status: string; reason?: string | undefined; message?: string | undefined }[]
          | undefined;
        initContainerStatuses?: ApiContainerStatus[] | undefined;
        containerStatuses?: ApiContainerStatus[] | undefined;
      }
    | undefined;
}

export function podFact(pod: ApiPod): PodFact {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  const component = pod.metadata?.labels?.[LABELS.component] ?? "";
  const { reason, message } = pod.status ?? {};
  const created = pod.metadata?.creationTimestamp;
  return {
    name: pod.metadata?.name ?? "",
    component,
    phase: pod.status?.phase ?? "Pending",
    ...(created ? { created: new Date(created).toISOString() } : {}),
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    ...(scheduled?.status === "False" ? { unschedulable: scheduled.message ?? scheduled.reason ?? "" } : {}),
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
    ...(pod.spec ? { spec: specFact(pod.spec, component) } : {}),
    containers: [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].map(
      containerFact,
    ),
  };
}

function containerFact({ name, state, lastState, restartCount }: ApiContainerStatus): ContainerFact {
  const before = lastState?.terminated;
  const last = before && { reason: before.reason ?? "", exitCode: before.exitCode };
  const past = last ? { restarts: restartCount ?? 1, last } : {};
  if (state?.running) return { name, state: "running", reason: "", message: "", ...past };
  if (state?.terminated) {
    const { reason = "", message = "", exitCode } = state.terminated;
    return { name, state: "terminated", reason, message, exitCode, ...past };
  }
  const { reason = "", message = "" } = state?.waiting ?? {};
  return { name, state: "waiting", reason, message, ...past };
}

export interface ApiNode {
  spec?:
    | {
        unschedulable?: boolean | undefined;
        taints?: { key: string; value?: string | undefined; effect: string }[] | undefined;
      }
    | undefined;
  status?: { conditions?: { type: string; status: string }[] | undefined } | undefined;
}

/** @param node the API's node, or undefined where it says there is none */
export function nodeFact(node: ApiNode | undefined): NodeFact {
  return {
    exists: node !== undefined,
    ready: node?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false,
    cordoned: node?.spec?.unschedulable ?? false,
    taints: (node?.spec?.taints ?? []).map(({ key, value, effect }) => `${key}=${value ?? ""}:${effect}`),
  };
}
