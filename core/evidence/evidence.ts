/**
 * What was seen of one node, as plain data: the probe's own records, the states of the pods and of the node, events, and
 * the API's refusals. Nothing here judges; verdict.ts does.
 */
import type { AnyComponent } from "../contract/readers.ts";
import type { ProbeRecord } from "../contract/records.ts";
import type { ReplacementWay } from "../contract/replacement.ts";
import type { SamePodWay } from "../contract/samePod.ts";
import type { PodSpecFact } from "./specFact.ts";

export type { BridgeFact, ContainerSpecFact, PodSpecFact } from "./specFact.ts";

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
  readonly component: AnyComponent;
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
  /** Undefined in evidence of an earlier version. */
  readonly system?: SystemFact;
}

/** What the kubelet says of its node (status.nodeInfo), and by what a distribution gives itself away. */
export interface SystemFact {
  readonly kernel: string;
  readonly osImage: string;
  readonly architecture: string;
  /** Its version; a distribution of Kubernetes adds its own, as `+k3s1`. */
  readonly kubelet: string;
  /** With its version: `containerd://2.1.4`. */
  readonly runtime: string;
  readonly providerId?: string;
  /** `key=value`, of the labels that distributions and roles have. */
  readonly labels: readonly string[];
}

export interface Replacing {
  /** In these ways, in turn. */
  readonly ways: readonly ReplacementWay[];
  /** Why one of them was not asked. */
  readonly unasked?: { readonly [W in ReplacementWay]?: string };
  /** Why a pod could not be replaced, in the API server's words. */
  readonly refused?: string;
}

/** A pod with a sidecar that was deleted. */
export interface Deletion {
  readonly way: SamePodWay;
  /** Whether it went by itself. */
  readonly gone: boolean;
  /** How long it took to go; where it did not, how long was waited until its mounts were taken away. In milliseconds. */
  readonly waitedMs: number;
  /** What was taken away on the node. */
  readonly taken?: readonly string[];
  /** It did not go even then, and was deleted by force. */
  readonly forced?: true;
}

/** What was done with a pod whose daemon is a sidecar. */
export interface SamePodFact {
  readonly deletions: readonly Deletion[];
  /** The kubelet has said of the sidecar that it ran out of memory. */
  readonly outOfMemory?: true;
  /** Why the pod could not be deleted, or not be made again, in the API server's words. */
  readonly refused?: string;
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
   * it has to say may prove more than what others say of it. Undefined where nobody counted.
   */
  readonly unread?: readonly string[];
  /** What was asked about the producer's pod being replaced; undefined where that is no part of the pair's question. */
  readonly replacing?: Replacing;
  /** Undefined where no daemon is a sidecar of its readers' pod. */
  readonly samePod?: SamePodFact;
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
