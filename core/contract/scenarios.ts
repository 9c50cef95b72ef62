/**
 * The catalogue of scenarios: what is asked of a FUSE mount beyond "is it seen?". Some are parts of the base
 * pair's own schedule; each other one is a pair of pods of its own, changed in one way, and decides one thing.
 */
import { GRADED, type ReplacementWay } from "./replacement.ts";
import { MANY_MOUNTS, type Variation } from "./variation.ts";

export interface Scenario {
  readonly id: string;
  /** The question it answers, for those who choose scenarios. */
  readonly decides: string;
  /** `base`: the base pair answers it in its own schedule. */
  readonly pair: "base" | Variation;
  /** How the base pair's producer is replaced for it, once its schedule is over. */
  readonly ways?: readonly ReplacementWay[];
  /** Asked only where it is named, or `all` are; `alone`: not with `all` either. */
  readonly byName?: true | "alone";
  /**
   * The cause its pair must be found to end with: `success`, or the trap it sets.
   * @default success
   */
  readonly expected?: string;
  /** Asked also where the base pair's mount does not cross: its pair shares nothing with that one. */
  readonly onItsOwn?: true;
  /** What it means when it ends as expected, and when it does not. */
  readonly yes: string;
  readonly no: string;
}

const SAME_POD = {
  yes: "The application sees the mount, and is back after the sidecar's crash and its end by memory without a restart; the deleted pod goes in time, and the daemon's files are whole.",
  no: "A daemon in the application's own pod does not hold here.",
} as const;

export const SCENARIOS = [
  {
    id: "propagation",
    decides: "Is a mount made in one pod seen and readable in another?",
    pair: "base",
    yes: "The mount is seen.",
    no: "The mount is not seen.",
  },
  {
    id: "daemon-crash",
    decides: "What does a consumer see when the daemon dies, and is it back by itself when the daemon is?",
    pair: "base",
    yes: "Readers are back without a restart.",
    no: "Readers do not come back without a restart.",
  },
  {
    id: "producer-replaced",
    decides: "Are readers back when the daemon's pod is deleted, in order and by force, and another takes its place?",
    pair: "base",
    ways: GRADED,
    yes: "Readers are back without a restart.",
    no: "Readers do not come back without a restart.",
  },
  {
    id: "permissions",
    decides: "Which users can read the mount, with and without allow_other, from a daemon of root or of another user?",
    pair: "base",
    yes: "See the matrix.",
    no: "See the matrix.",
  },
  {
    id: "kubelet-restart",
    decides: "Are readers back when the node's kubelet is restarted, and the daemon's pod replaced after that?",
    pair: "base",
    ways: ["kubelet"],
    byName: true,
    yes: "Readers are back without a restart.",
    no: "Readers do not come back without a restart.",
  },
  {
    id: "runtime-restart",
    decides:
      "Are readers back when the node's container runtime is restarted, and the daemon's pod replaced after that?",
    pair: "base",
    ways: ["runtime"],
    byName: true,
    yes: "Readers are back without a restart.",
    no: "Readers do not come back without a restart.",
  },
  {
    id: "producer-restart",
    decides: "Are readers back when the daemon's whole container dies and the kubelet restarts it?",
    pair: { fault: "die" },
    yes: "The kubelet restarted the producer, and the readers were back without a restart of their own.",
    no: "Readers are not back by themselves after a restart of the producer: they need a liveness probe.",
  },
  {
    id: "oom",
    decides: "Are readers back when the daemon's container is killed for its memory, and the kubelet restarts it?",
    pair: { fault: "oom" },
    yes: "The producer was OOMKilled and restarted, and the readers were back without a restart of their own.",
    no: "Readers are not back by themselves after the producer was OOMKilled: they need a liveness probe.",
  },
  {
    id: "consumer-restart",
    decides: "Does a reader work again when a liveness probe restarts it because its mount is dead?",
    pair: { fault: "crash", readersRestart: "dead" },
    yes: "A reader that was restarted at a dead mount reads again: a liveness probe is a cure.",
    no: "A reader that was restarted at a dead mount does not read again: a liveness probe is no cure here.",
  },
  {
    id: "late-consumer",
    decides: "Does a consumer that is created after the mount follow it when the daemon mounts again?",
    pair: { fault: "crash", late: true },
    yes: "A consumer created after the mount sees the next one too: the start order does not matter.",
    no: "A consumer created after the mount does not see the next one: it must be started first, or restarted.",
  },
  {
    id: "user-namespace",
    decides:
      "Does a consumer with a user namespace of its own (`hostUsers: false`) read the mount that is there, and the next one?",
    pair: { fault: "crash", late: true, userNamespace: true },
    yes: "A consumer with `hostUsers: false` reads the mount that was there before it, and the next one; files in it belong to nobody there, so everybody must be allowed to read them.",
    no: "A consumer with `hostUsers: false` does not start here, or does not follow the mount: leave it out of its pod.",
  },
  {
    id: "parent-vs-leaf",
    decides: "What if the consumer's volume is the mount point itself instead of the directory above it?",
    pair: { fault: "crash", layout: "leaf", late: true },
    expected: "consumer-binds-mountpoint",
    yes: "With the mount point itself as the volume the consumer keeps the dead mount; with the parent it recovers.",
    no: "The leaf layout did not lose the mount here.",
  },
  {
    id: "leaf-restart",
    decides: "What if the producer's volume is the mount point itself, and its container dies?",
    pair: { fault: "die", layout: "producer-leaf", late: true },
    expected: "producer-binds-mountpoint",
    yes: "The dead mount is in the way of the producer's own container, and the kubelet cannot start it again: give it the directory above.",
    no: "The producer was started again on its dead mount here.",
  },
  {
    id: "sub-path",
    decides: "What if the consumer mounts the mount point as a subPath of the bridge, and has to start again?",
    pair: { fault: "crash", layout: "sub-path", late: true, readersRestart: "still-dead" },
    expected: "subpath-used",
    yes: "A reader with a subPath keeps the dead mount when the daemon is back, and the kubelet cannot make it again: give it the directory above, without subPath.",
    no: "The subPath did not lose the mount here.",
  },
  {
    id: "unmount-at-start",
    decides: "What if the daemon unmounts its mount point when it starts, and that is the volume itself?",
    pair: { fault: "none", layout: "leaf", unmountAtStart: true },
    expected: "peer-group-destroyed",
    yes: "Such a daemon tears its own volume down, and nobody sees what it mounts: give it the parent directory.",
    no: "The volume survived the daemon's unmount here.",
  },
  {
    id: "empty-dir",
    decides: "What if the bridge is an emptyDir?",
    pair: { fault: "none", bridge: "emptyDir" },
    expected: "bridge-not-hostpath",
    yes: "An emptyDir is each pod's own: nothing crosses from one to the other.",
    no: "The mount crossed an emptyDir here.",
  },
  {
    id: "many-mounts",
    decides: "Are all seen where one bridge has many mounts, and what do they cost in the mount tables?",
    pair: { fault: "none", mounts: MANY_MOUNTS },
    yes: "Every reader sees and reads them all, and each mount is one line in each mount table.",
    no: "Not every mount is seen and read, or the mount tables grow by more than the mounts.",
  },
  {
    id: "same-pod",
    decides:
      "Can the daemon be a native sidecar of the application's own pod, over an emptyDir, and does such a pod go?",
    pair: { fault: "die", samePod: "emptyDir" },
    onItsOwn: true,
    ...SAME_POD,
  },
  {
    id: "same-pod-memory",
    decides: "The same over an emptyDir in memory?",
    pair: { fault: "die", samePod: "memory" },
    onItsOwn: true,
    ...SAME_POD,
  },
  {
    id: "same-pod-host-path",
    decides: "The same over a hostPath?",
    pair: { fault: "die", samePod: "hostPath" },
    onItsOwn: true,
    ...SAME_POD,
  },
  {
    id: "daemon-hang",
    decides: "What does a consumer see when the daemon hangs, and does aborting its connection free everyone?",
    pair: { fault: "hang" },
    yes: "Reads hang until the connection is aborted; then readers are free, and back without a restart.",
    no: "Readers do not come back by themselves after a hang.",
  },
  {
    id: "slow-mount",
    decides: "What does a consumer see while the daemon takes its time to mount?",
    pair: { fault: "none", delaySeconds: 3 },
    yes: "Consumers met the plain directory first and the mount later: let them wait for the file system's type.",
    no: "A consumer that was there before a slow mount does not see it.",
  },
  {
    id: "recipe",
    decides:
      "Does what `npm run recipe` writes hold on this node: through kills, rollouts, deletions, a hang and running out of memory?",
    pair: "base",
    byName: "alone",
    yes: "The recipe's daemon and readers came through.",
    no: "The recipe does not hold here.",
  },
] as const satisfies readonly Scenario[];

export type ScenarioId = (typeof SCENARIOS)[number]["id"];

const CATALOGUE: readonly (Scenario & { readonly id: ScenarioId })[] = SCENARIOS;

/** What is run where nobody says otherwise: what the base pair answers by itself. */
export const DEFAULT_SCENARIOS: readonly ScenarioId[] = CATALOGUE.filter(
  ({ pair, byName }) => pair === "base" && !byName,
).map(({ id }) => id);

/** How the base pair's producer is replaced for these scenarios, in turn. */
export const waysOf = (scenarios: readonly ScenarioId[]): readonly ReplacementWay[] =>
  CATALOGUE.flatMap(({ id, ways = [] }) => (scenarios.includes(id) ? ways : []));

/** A scenario with a pair of its own, and its turn. */
export interface PairScenario extends Scenario {
  readonly id: ScenarioId;
  readonly pair: Variation;
}

/** Every scenario that has a pair of its own, in the catalogue's order. */
export const PAIR_SCENARIOS: readonly PairScenario[] = SCENARIOS.flatMap((one) =>
  one.pair === "base" ? [] : [one as PairScenario],
);

/** Without these there is no grade. */
const GRADING: readonly ScenarioId[] = ["daemon-crash", "producer-replaced"];

/**
 * The scenarios that a list asks for, in the catalogue's order: names add, `all` adds every one but `recipe`, a name after `!`
 * takes one out; a list of exclusions only is taken from the default. `propagation` is always among them, with `recipe` what a
 * grade needs.
 */
export function chosen(list: readonly string[]): readonly ScenarioId[] {
  const added = list.filter((entry) => !entry.startsWith("!"));
  const wanted = new Set<string>(added.length > 0 || list.length === 0 ? added : DEFAULT_SCENARIOS);
  // Which recipe it is, the grade says.
  if (wanted.has("recipe") && !list.includes("!recipe")) for (const id of GRADING) wanted.add(id);
  return CATALOGUE.filter(
    ({ id, byName }) =>
      id === "propagation" ||
      ((wanted.has(id) || (wanted.has("all") && byName !== "alone")) && !list.includes(`!${id}`)),
  ).map(({ id }) => id);
}

export const scenarioOf = (id: string): Scenario | undefined => SCENARIOS.find((one) => one.id === id);
