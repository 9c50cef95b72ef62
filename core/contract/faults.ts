/** What befalls a FUSE daemon while its mount is held, on purpose: probe/faults.sh does it. */

export interface FaultEntry {
  /** For the catalogue of scenarios: what happens, up to the second mount. */
  readonly how: string;
  /** Of the producer, as it happens. */
  readonly did: string;
  /** The daemon lives on and does not answer: whoever asks waits for a deadline, until the connection is aborted. */
  readonly hangs?: true;
  /** The producer's container ends with its daemon, and the kubelet starts it again. */
  readonly endsContainer?: true;
  /** It ends as the kernel ends a container that wants more memory than its limit. */
  readonly outOfMemory?: true;
}

/** By the words of the variable FAULT. */
export const FAULTS = table({
  crash: {
    how: "the daemon is killed (SIGKILL) and started again",
    did: "killed the FUSE daemon (SIGKILL)",
  },
  hang: {
    how: "the daemon is stopped (SIGSTOP); then its connection is aborted, and it is started again",
    did: "stopped the FUSE daemon (SIGSTOP)",
    hangs: true,
  },
  die: {
    how: "the daemon's whole container dies, and the kubelet restarts it",
    did: "dies, with the FUSE daemon",
    endsContainer: true,
  },
  oom: {
    how: "the daemon's container takes more memory than its limit: the kernel kills it, and the kubelet restarts it",
    did: "ran out of memory, and the FUSE daemon died with it",
    endsContainer: true,
    outOfMemory: true,
  },
});

/** What the schedule does to the daemon; `none`: its mount is held, and that is all. */
export type Fault = "none" | keyof typeof FAULTS;

/** What is known of a pair's fault; undefined where there is none. */
export const faultIn = ({ fault }: { readonly fault: Fault }): FaultEntry | undefined =>
  fault === "none" ? undefined : FAULTS[fault];

/** The fault that a record names; a word that this version does not know counts as a crash. */
export const faultNamed = (name: string): FaultEntry =>
  (FAULTS as Readonly<Record<string, FaultEntry>>)[name] ?? FAULTS.crash;

function table<Name extends string>(faults: Readonly<Record<Name, FaultEntry>>): Readonly<Record<Name, FaultEntry>> {
  return faults;
}
