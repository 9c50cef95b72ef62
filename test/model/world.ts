/** One node while one history runs on it: its clock, mount tables, containers and logs, and what really happened there. */
import type { V1Pod } from "@kubernetes/client-node";
import type { FieldsOf, Result, Step } from "../../core/contract/records.ts";
import type { ReplacementWay } from "../../core/contract/replacement.ts";
import { Clock, numbers, type Task } from "./clock.ts";
import { type FileSystem, HOST, type Mount, MountTables } from "./mounts.ts";
import { type Plan, SCENARIOS, type Variation } from "./plan.ts";

export const BRIDGE = "/bridge";
export const MOUNT = "/bridge/fuse";
export const RUN = "r1";
export const NODE = "k3s-w2";
export const START = 2000;
/** Longer than any schedule. */
export const END = START + 60;
export const TIMES = {
  settle: 1.5,
  hold: 2,
  stale: 1.5,
  recover: 2.5,
  mount: 9,
  probe: 1,
  markerWait: 8,
  inspect: 26,
} as const;

export type Role = "control" | "default" | "hardened";
export const ROLES: readonly Role[] = ["control", "default", "hardened"];
/** In the order in which the kubelet starts them. */
export const CONTAINERS: Readonly<Record<"producer" | Role, string>> = {
  producer: "fuse-producer",
  control: "fuse-control",
  default: "fuse-consumer",
  hardened: "fuse-consumer-hardened",
};

/** A mount that this run's producer made, as it really was. */
export interface OwnMount {
  readonly fs: FileSystem;
  readonly at: number;
  nonce?: string;
  markedAt?: number;
  /** When it was unmounted or its daemon ended. */
  end?: number;
}

export interface Look {
  readonly at: number;
  readonly nonce?: string | undefined;
  /** The file system that answered, or did not. */
  readonly fs: FileSystem | undefined;
  /** Whether that mount came to the reader by propagation. */
  readonly propagated: boolean;
  readonly errno: string;
  /** Whether the look found nothing, as its next question failed, or it was never ended: its reader was killed meanwhile. */
  failed: boolean;
}

export interface Truth {
  readonly mounts: OwnMount[];
  /** Whenever a daemon stopped to serve its mount. */
  readonly deaths: { readonly at: number; readonly by: "schedule" | "itself" | "outside" | "hang" }[];
  cleanedAt?: number;
  readonly looks: Readonly<Record<Role, Look[]>>;
  /** When each container was created. */
  readonly births: Readonly<Record<"producer" | Role, number[]>>;
  /** When somebody saw a mount of this run as it started: whether it was created after that mount, it cannot tell. */
  readonly startedWith: number[];
  /** When each reader gave its first answer. */
  readonly decidedAt: Partial<Record<Role, number>>;
  readonly gaveUpAt: Partial<Record<Role, number>>;
  /** When the producer's pod was deleted, for another to take its place. */
  readonly replacements: { readonly way: ReplacementWay; readonly at: number }[];
  volumeUnmounted: boolean;
  /** Whether a reader's volume was a FUSE file system itself, or would have been, had it not been dead. */
  boundFuse: boolean;
}

export interface Line {
  readonly at: number;
  readonly text: string;
}

export interface Log {
  readonly pod: "producer" | "consumer";
  /** Which of the pods that had this name in turn. */
  readonly generation: number;
  readonly role: "producer" | Role;
  readonly life: number;
  readonly lines: Line[];
}

export class World {
  readonly plan: Plan;
  readonly variation: Variation;
  readonly clock = new Clock(START);
  readonly random: () => number;
  readonly tables = new MountTables();
  readonly hostFs: FileSystem;
  readonly logs: Log[] = [];
  readonly podStates: { readonly at: number; readonly pod: V1Pod }[] = [];
  readonly events: {
    readonly at: number;
    readonly pod: string;
    readonly container: string;
    readonly reason: string;
    readonly message: string;
  }[] = [];
  readonly refusals: { readonly at: number; readonly words: string }[] = [];
  /** What the containers of the consumer pod share. */
  findings: { control?: { looked: number; nonce: string; first: string }; restarted: Map<Role, number> } = {
    restarted: new Map(),
  };
  /** What the daemon serves: it outlives its mounts, and ends with its container. */
  source = new Map<string, string>();
  readonly truth: Truth = {
    mounts: [],
    deaths: [],
    looks: { control: [], default: [], hardened: [] },
    births: { producer: [], control: [], default: [], hardened: [] },
    startedWith: [],
    decidedAt: {},
    gaveUpAt: {},
    replacements: [],
    volumeUnmounted: false,
    boundFuse: false,
  };
  /** When the producer's container was last alive before it ran out of memory, as the scenario means it: a file that outlives it. */
  ranOut: string | undefined;
  /** When every container that was refused at first had its next attempt; before all histories where none was. */
  healedAt = 0;
  /** When the API server refused to let the producer's pod be replaced. */
  notReplacedAt: number | undefined;
  private nonces = 0;

  constructor(plan: Plan) {
    this.plan = plan;
    this.variation = SCENARIOS[plan.scenario];
    this.random = numbers(plan.seed);
    this.hostFs = plainFs("ext4", "/dev/vda", 40);
    this.tables.root(HOST, this.hostFs, plan.node !== "root-private");
  }

  get now(): number {
    return this.clock.now;
  }

  /** As /proc/uptime has it, in whole hundredths that have passed: what was read first is never later than what was read next. */
  get uptime(): number {
    return Math.floor(this.now * 100) / 100;
  }

  /** How long a step of a shell script takes. */
  cost(): number {
    const { busy } = this.plan;
    return 0.012 + this.random() * 0.02 + (busy > 0 && this.random() < 0.25 * busy ? this.random() * 0.25 * busy : 0);
  }

  *sleep(seconds: number): Task {
    yield seconds + this.cost();
  }

  nonce(): string {
    return `${String(++this.nonces).padStart(8, "0")}-0000-4000-8000-${String(this.plan.seed).padStart(12, "0")}`;
  }

  newLog(pod: Log["pod"], role: Log["role"], life: number, generation = 0): Log {
    const log: Log = { pod, generation, role, life, lines: [] };
    this.logs.push(log);
    return log;
  }

  /** A line for people and one for machines, as `record` of probe/lib.sh writes them. */
  record<S extends Step>(log: Log, step: S, result: Result, more: Partial<FieldsOf<S>> = {}): void {
    const { uptime } = this;
    const time = new Date(1_795_000_000_000 + uptime * 1000).toISOString();
    const text = JSON.stringify({ time, uptime, run: RUN, node: NODE, role: log.role, step, result, ...more });
    log.lines.push({ at: this.now, text });
  }

  /** The daemon of a mount does not serve it any more. */
  died(fs: FileSystem, by: Truth["deaths"][number]["by"]): void {
    // A supervisor can be killed whose server is dead already.
    if (fs.daemon === "dead" && by !== "schedule") return;
    fs.daemon = by === "hang" ? "hangs" : "dead";
    this.truth.deaths.push({ at: this.now, by });
    const own = this.truth.mounts.find((one) => one.fs === fs);
    if (own) own.end ??= this.now;
  }

  /** Mounts of this run that nobody has mounted any more have ended. */
  sweepTruth(): void {
    for (const one of this.truth.mounts)
      if (one.end === undefined && !this.tables.mounts.some(({ fs }) => fs === one.fs)) one.end = this.now;
  }
}

export const plainFs = (type: string, source: string, device: number): FileSystem => ({
  type,
  source,
  device,
  options: "rw",
  daemon: "answers",
  files: new Map(),
});

/** As the probe names it: with `markerFile`, by the name of a file of the daemon's own. */
export const markerPath = ({ markerFile }: Plan): string => `${MOUNT}/${markerFile ? "film.mkv" : "marker"}`;

/** Where the marker lies on the file system that is mounted there. */
export const markerOn = ({ root, point }: Mount): string => {
  const rest = point === "/" ? `${MOUNT}/marker` : `${MOUNT}/marker`.slice(point.length);
  return root === "/" ? rest : root + rest;
};
