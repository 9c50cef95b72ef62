/**
 * What the probe reads from its environment: every variable, by the script that a container runs. Manifests write these and no
 * others; the causes read BRIDGE and ROLE of pods that people wrote themselves. A test compares this table with the scripts, both
 * ways; the shell's own variables (LC_ALL, TMPDIR, PATH) are none of it. The rules let a privileged container have these, and nothing
 * else in them than what they are to hold.
 */
import { TIMES } from "./times.ts";
import { VARIATION_VARIABLES } from "./variation.ts";

/** The scripts that containers run; each sources others of probe/. */
export const PROGRAMS = ["producer", "consumer", "turn", "sweep"] as const;
export type Program = (typeof PROGRAMS)[number];

/**
 * What a variable holds: one word, a number, the path of a file below a directory, a file name, names with spaces between them, or the
 * daemon's command line.
 */
export type Content = "word" | "number" | "path" | "name" | "names" | "command";

interface Given {
  readonly readBy: readonly Program[];
  /**
   * Who gives it: `pods`, the manifests; `people`, in pods of their own that run the probe at other places, and tests.
   */
  readonly by: "pods" | "people";
  /** Undefined where the manifests give it to no container. */
  readonly holds?: Content;
  /** Whether no privileged container is given it. */
  readonly unprivileged?: true;
}

const PROBES = ["producer", "consumer", "turn"] as const satisfies readonly Program[];
const PAIR = ["producer", "consumer"] as const satisfies readonly Program[];
const pods = <const Readers extends readonly Program[]>(holds: Content, ...readBy: Readers) =>
  ({ readBy, by: "pods", holds }) as const;
const people = <const Readers extends readonly Program[]>(...readBy: Readers) => ({ readBy, by: "people" }) as const;

/** An entry of another table that names a variable. */
interface Named {
  readonly variable: string;
  readonly readBy: readonly Program[];
  /** @default number */
  readonly holds?: Content;
}
type NamedIn<Table> = {
  readonly [Name in keyof Table as Extract<Table[Name], Named>["variable"]]: Given & {
    readonly readBy: Extract<Table[Name], Named>["readBy"];
  };
};
const namedIn = <Table extends Readonly<Record<string, object | Named>>>(table: Table) =>
  Object.fromEntries<Given>(
    Object.values(table).flatMap((one) =>
      "variable" in one ? [[one.variable, pods(one.holds ?? "number", ...one.readBy)]] : [],
    ),
  ) as NamedIn<Table>;

export const ENVIRONMENT = {
  /** The run's id, and the node that the pod is on: each record carries both. */
  RUN: pods("word", ...PROBES),
  NODE: pods("word", ...PROBES),
  /** Who a container of the consumer is: see readers.ts. The other scripts know that of themselves. */
  ROLE: pods("word", "consumer"),

  /** The times of the settings: see times.ts; how the pair differs: see variation.ts. */
  ...namedIn(TIMES),
  ...namedIn(VARIATION_VARIABLES),

  /** How long the pod stays after its work, in seconds. */
  INSPECT_SECONDS: pods("number", ...PAIR),
  /** `inspect`: stays with its mount for inspection; `end`: ends with its schedule. */
  AFTERWARDS: pods("word", ...PAIR),
  /** A file of the daemon's own file system that serves as the marker, below the mount point; empty: the probe writes one. */
  MARKER_FILE: pods("path", ...PAIR),
  /** `yes`: the permission matrix is part of the test; `only`: this reader does nothing else. */
  PERMISSIONS: pods("word", ...PAIR),

  /** The script driver-DRIVER.sh, and for the driver `command` the daemon's own command line. */
  DRIVER: pods("word", "producer"),
  COMMAND: pods("command", "producer"),
  /** What becomes of the daemon while its mount is held: see faults.ts. */
  FAULT: pods("word", "producer"),
  /** `no`: the mount of a daemon that died stays when it is started again. */
  CLEAR_DEAD_MOUNT: pods("word", "producer"),
  /** The producer's memory limit, in MiB: only where the fault takes all of it. */
  MEMORY_MIB: pods("number", "producer"),

  /** How long a reader looks closely, in seconds. */
  WATCH_SECONDS: pods("number", "consumer"),
  /** `yes`: a reader ends itself once, when it has read, and then failed to for so many seconds. */
  RESTART: pods("word", "consumer"),
  RESTART_SECONDS: pods("number", "consumer"),

  /** When the pair's turn comes, in seconds; the mount point that a late consumer waits for, and how long at most. */
  TURN_SECONDS: pods("number", "turn"),
  AWAIT: pods("path", "turn"),
  AWAIT_SECONDS: pods("number", "turn"),

  /** Scenarios with a directory of their own below the bridge. */
  SCENARIOS: pods("names", "producer", "sweep"),

  /** The bridge's last path component, and when the namespace was made (seconds since 1970). */
  NAME: pods("name", "sweep"),
  /** The one scenario whose mounts are taken away; empty for all of the test's. */
  ONLY: pods("name", "sweep"),
  SINCE: { ...pods("number", "sweep"), unprivileged: true },

  /** Where a sidecar has its scenario's directory of the node. */
  STORE: people("producer"),
  /** Where the bridge is, a directory that outlives the container, the mount table, and what a daemon serves. */
  BRIDGE: people("producer", "consumer", "turn", "sweep"),
  FINDINGS: people(...PROBES),
  MOUNTINFO: people("producer", "consumer", "turn", "sweep"),
  SOURCE: people("producer"),
  /** Where the pod's own annotations are: see replacement.ts. */
  POD: people("producer", "turn"),
  HOST: people("sweep"),
  /** By how much a busy node may stretch the schedule: see `gauge` in lib.sh. */
  STRETCH: people(...PROBES),
} as const satisfies Readonly<Record<string, Given>>;

export type Variable = keyof typeof ENVIRONMENT;

/** The variables that a script reads. */
export type VariableOf<P extends Program> = {
  [Name in Variable]: P extends (typeof ENVIRONMENT)[Name]["readBy"][number] ? Name : never;
}[Variable];

/** What a container that runs a script is given. */
export type Environment<P extends Program = Program> = {
  readonly [Name in P extends Program ? VariableOf<P> : never]?: string | number;
};

/** The variables that the manifests give a container which runs this script, with what they hold. */
export const givenTo = (program: Program, container?: "privileged"): readonly (readonly [Variable, Content])[] =>
  (Object.entries(ENVIRONMENT) as [Variable, Given][]).flatMap(([name, { readBy, by, holds, unprivileged }]) =>
    by === "pods" && holds && readBy.includes(program) && !(container && unprivileged) ? [[name, holds] as const] : [],
  );
