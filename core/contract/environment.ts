/**
 * What the probe reads from its environment: every variable, by the script that a container runs. Manifests write these and no
 * others; the causes read BRIDGE and ROLE of pods that people wrote themselves. A test compares this table with the scripts, both
 * ways; the shell's own variables (LC_ALL, TMPDIR, PATH) are none of it.
 */

/** The scripts that containers run; each sources others of probe/. */
export const PROGRAMS = ["producer", "consumer", "turn", "sweep"] as const;
export type Program = (typeof PROGRAMS)[number];

interface Given {
  readonly readBy: readonly Program[];
  /**
   * Who gives it: `pods`, the manifests; `people`, in pods of their own that run the probe at other places, and tests.
   */
  readonly by: "pods" | "people";
}

const PROBES = ["producer", "consumer", "turn"] as const satisfies readonly Program[];
const PAIR = ["producer", "consumer"] as const satisfies readonly Program[];
const pods = <const Readers extends readonly Program[]>(...readBy: Readers) => ({ readBy, by: "pods" }) as const;
const people = <const Readers extends readonly Program[]>(...readBy: Readers) => ({ readBy, by: "people" }) as const;

export const ENVIRONMENT = {
  /** The run's id, and the node that the pod is on: each record carries both. */
  RUN: pods(...PROBES),
  NODE: pods(...PROBES),
  /** Who a container of the consumer is: see readers.ts. The other scripts know that of themselves. */
  ROLE: pods("consumer"),

  /** How long one question to a file system may take, in seconds. */
  PROBE_SECONDS: pods(...PROBES),
  /** How long the pod stays after its work, in seconds. */
  INSPECT_SECONDS: pods(...PAIR),
  /** `inspect`: stays with its mount for inspection; `end`: ends with its schedule. */
  AFTERWARDS: pods(...PAIR),
  /** A file of the daemon's own file system that serves as the marker, below the mount point; empty: the probe writes one. */
  MARKER_FILE: pods(...PAIR),
  /** `yes`: the permission matrix is part of the test; `only`: this reader does nothing else. */
  PERMISSIONS: pods(...PAIR),

  /** The script driver-DRIVER.sh, and for the driver `command` the daemon's own command line. */
  DRIVER: pods("producer"),
  COMMAND: pods("producer"),
  /** The producer's schedule, in seconds: see producer.sh. */
  SETTLE_SECONDS: pods("producer"),
  MOUNT_SECONDS: pods("producer"),
  HOLD_SECONDS: pods("producer"),
  STALE_SECONDS: pods("producer"),
  RECOVER_SECONDS: pods("producer"),
  /** What becomes of the daemon while its mount is held: see scenarios.ts. */
  FAULT: pods("producer"),
  UNMOUNT_AT_START: pods("producer"),
  DELAY_SECONDS: pods("producer"),

  /** How long a reader waits for the marker, and how long it looks closely, in seconds. */
  MARKER_WAIT_SECONDS: pods("consumer"),
  WATCH_SECONDS: pods("consumer"),
  /** `yes`: a reader ends itself once, at its first failed read after a success. */
  RESTART: pods("consumer"),

  /** When the pair's turn comes, in seconds; the mount point that a late consumer waits for, and how long at most. */
  TURN_SECONDS: pods("turn"),
  AWAIT: pods("turn"),
  AWAIT_SECONDS: pods("turn"),

  /** The bridge's last path component, the directories of scenarios, and when the namespace was made (seconds since 1970). */
  NAME: pods("sweep"),
  SCENARIOS: pods("sweep"),
  SINCE: pods("sweep"),

  /** Where the bridge is, a directory that outlives the container, the mount table, and what a daemon serves. */
  BRIDGE: people("producer", "consumer", "turn", "sweep"),
  FINDINGS: people(...PROBES),
  MOUNTINFO: people("producer", "consumer", "turn", "sweep"),
  SOURCE: people("producer"),
  /** Where the pod's own annotations are: see replacement.ts. */
  POD: people("producer"),
  HOST: people("sweep"),
  /** By how much a busy node may stretch the schedule: see `gauge` in lib.sh. */
  STRETCH: people(...PROBES),
} as const satisfies Readonly<Record<string, Given>>;

export type Variable = keyof typeof ENVIRONMENT;

/** The variables that a script reads. */
export type VariableOf<P extends Program> = {
  [Name in Variable]: P extends (typeof ENVIRONMENT)[Name]["readBy"][number] ? Name : never;
}[Variable];

/** What a container that runs a script is told. */
export type Environment<P extends Program = Program> = {
  readonly [Name in P extends Program ? VariableOf<P> : never]?: string | number;
};
