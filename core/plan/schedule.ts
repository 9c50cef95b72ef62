/**
 * When what happens: the settings' seconds and what a scenario adds to them, as the probe's scripts get them and as deadlines
 * follow from them. Nothing else adds seconds up.
 *
 * All of it is an idle node's time. A busy one stretches it, by STRETCH at most: every deadline of a pod, and of the wait
 * for one, leaves that much room.
 */
import type { Environment } from "../contract/environment.ts";
import { faultIn } from "../contract/faults.ts";
import { PAIR_SCENARIOS, type PairScenario, type ScenarioId, waysOf } from "../contract/scenarios.ts";
import type { Times } from "../contract/times.ts";
import { VARIATION_VARIABLES, type Variation } from "../contract/variation.ts";

/** What happens to one pair, and when; times in seconds. */
export interface Schedule {
  /** How long its pods wait before they begin: pairs of one node take turns, or they would starve each other. */
  readonly turnSeconds: number;
  /** By how much its readers are earlier: they are three containers, and must be there before the mount. */
  readonly leadSeconds: number;
  /** How long a late consumer waits for the mount: until its producer has settled, and mounted or given up. */
  readonly awaitSeconds: number;
  /** How long it is busy on an idle node: its schedule, and its start. */
  readonly busySeconds: number;
  /** After how long it is through on the busiest node, its turn included, from the start of its pods. */
  readonly totalSeconds: number;
  /** The variables that all of its scripts get, and those of one side alone. */
  readonly both: Environment;
  readonly producer: Environment<"producer">;
  readonly consumer: Environment<"consumer">;
}

/** See probe/lib.sh, where it stands too. */
export const STRETCH = 6;
/** A start of a pod's containers and a mount on a busy machine, in seconds. */
const START_SECONDS = 6;
/** What a consumer may be late by where many pods start at once, in seconds. */
const CROWD_SECONDS = 2;
/** By how much the readers of a scenario's pair are earlier than its producer, in seconds. */
const LEAD_SECONDS = 5;
/** A late consumer's containers are there this long after the mount at the latest, in seconds. */
const LATE_SECONDS = 8;
/** From the end of a dead mount to the next one, and to the looks that meet it, in seconds. */
const REMOUNT_SECONDS = 3;
/** A restart of a reader by the kubelet, in seconds. */
const RESTART_SECONDS = 4;
/** Many daemons that start together, in seconds. */
const MANY_SECONDS = 8;
/** Six daemons, and their mounts read by three users, in seconds. */
const PERMISSIONS_SECONDS = 4;

/** The times that the base pair waits for one after the other, on any node: see probe/producer.sh. */
export const baseSteps = (scenarios: readonly ScenarioId[]) =>
  scenarios.includes("daemon-crash")
    ? (["settleSeconds", "holdSeconds", "staleSeconds", "recoverSeconds"] as const)
    : (["settleSeconds"] as const);

export const sumOf = (times: Times, steps: readonly (keyof Times)[]): number =>
  steps.reduce((sum, step) => sum + times[step], 0);

/** A pod that takes the producer's place: the old one is deleted, it is made, started and read. In seconds. */
const REPLACED_SECONDS = 5;

/** Two pods that take the place of one with a sidecar; the second deletion may wait for the kubelet. In seconds. */
const DELETED_SECONDS = 35;

/** The kubelet waits this long before it starts a container for the second time, in seconds. */
const BACKOFF_SECONDS = 10;
/** What such a pod waits for, in all. */
const KUBELET_SECONDS = BACKOFF_SECONDS + START_SECONDS + DELETED_SECONDS;

/** How the base pair mounts, and what befalls its daemon. */
export const baseVariation = (scenarios: readonly ScenarioId[]): Variation => ({
  fault: scenarios.includes("daemon-crash") ? "crash" : "none",
});

/** The schedules of one node's pairs: the base pair's, then that of each scenario with a pair of its own, in their turns. */
export function schedules(
  times: Times,
  scenarios: readonly ScenarioId[],
): readonly { readonly scenario: PairScenario | undefined; readonly schedule: Schedule }[] {
  const own = PAIR_SCENARIOS.filter(({ id }) => scenarios.includes(id));
  // A node makes all those pods at once, and a consumer may be there later than its producer.
  const crowdSeconds = own.length > 0 ? CROWD_SECONDS : 0;
  let turnSeconds = 0;
  return [undefined, ...own].map((scenario, index) => {
    const schedule = scenario
      ? (scenario.pair.samePod ? ofSamePod : ofScenario)(times, scenario.pair, crowdSeconds, turnSeconds)
      : ofBase(times, scenarios, own, crowdSeconds);
    // What mostly waits lets others wait with it, or work meanwhile, if they do not start together.
    const mostly = waitsFor(scenario?.pair);
    const together = mostly !== undefined && mostly === waitsFor(own[index]?.pair);
    // The next pair's containers are made, and settle, while this one's daemon still comes and goes.
    const overlap = times.settleSeconds + crowdSeconds + START_SECONDS;
    const alone = schedule.busySeconds - idleSeconds(times, scenario?.pair) - overlap;
    turnSeconds += together ? START_SECONDS : Math.max(alone, LEAD_SECONDS);
    return { scenario, schedule };
  });
}

/** A pod with a sidecar for the kubelet; a trap that closes as soon as it is mounted, for its end. */
function waitsFor(pair: Variation | undefined): "kubelet" | "end" | undefined {
  if (pair?.samePod) return "kubelet";
  return pair?.fault === "none" && !pair.delaySeconds && !pair.mounts ? "end" : undefined;
}

/** How long nothing goes on at the end of a pair's turn but waiting. */
function idleSeconds({ staleSeconds, recoverSeconds }: Times, pair: Variation | undefined): number {
  if (pair?.samePod) return KUBELET_SECONDS;
  // Its producer does not come back.
  return pair?.layout === "producer-leaf" ? staleSeconds + recoverSeconds + START_SECONDS : 0;
}

function ofBase(
  times: Times,
  scenarios: readonly ScenarioId[],
  own: readonly PairScenario[],
  crowdSeconds: number,
): Schedule {
  const { markerWaitSeconds, inspectionMinutes } = times;
  const permissions = scenarios.includes("permissions");
  const replacedSeconds = waysOf(scenarios).length * REPLACED_SECONDS;
  const busySeconds =
    crowdSeconds +
    sumOf(times, baseSteps(scenarios)) +
    START_SECONDS +
    (permissions ? PERMISSIONS_SECONDS : 0) +
    replacedSeconds;
  const totalSeconds = Math.max(inspectionMinutes * 60, busySeconds * STRETCH);
  return {
    turnSeconds: 0,
    leadSeconds: 0,
    awaitSeconds: 0,
    busySeconds,
    totalSeconds,
    both: { PROBE_SECONDS: times.probeSeconds, INSPECT_SECONDS: totalSeconds },
    producer: {
      ...producerTimes(times, baseVariation(scenarios), crowdSeconds),
      PERMISSIONS: permissions ? "yes" : "no",
      ...(own.length > 0 ? { SCENARIOS: own.map(({ id }) => id).join(" ") } : {}),
    },
    consumer: {
      MARKER_WAIT_SECONDS: markerWaitSeconds,
      WATCH_SECONDS:
        sumOf(times, ["markerWaitSeconds", "holdSeconds", "staleSeconds", "recoverSeconds"]) + replacedSeconds,
      ...(permissions ? { PERMISSIONS: "yes" } : {}),
    },
  };
}

function ofScenario(times: Times, variation: Variation, crowdSeconds: number, turnSeconds: number): Schedule {
  const producer = producerTimes(times, variation, crowdSeconds);
  const { SETTLE_SECONDS, MOUNT_SECONDS, HOLD_SECONDS, STALE_SECONDS, RECOVER_SECONDS } = producer;
  const manySeconds = variation.mounts ? MANY_SECONDS : 0;
  const busySeconds = SETTLE_SECONDS + HOLD_SECONDS + STALE_SECONDS + RECOVER_SECONDS + START_SECONDS + manySeconds;
  // A late consumer waits for the mount, and one in the pod of its daemon for that pod.
  const leadSeconds = variation.late || variation.samePod ? 0 : LEAD_SECONDS;
  return {
    turnSeconds,
    leadSeconds,
    awaitSeconds: SETTLE_SECONDS + MOUNT_SECONDS + START_SECONDS,
    busySeconds,
    totalSeconds: turnSeconds + busySeconds * STRETCH,
    // Its pods end with its schedule: what they saw stays in their logs.
    both: {
      PROBE_SECONDS: times.probeSeconds,
      INSPECT_SECONDS: busySeconds,
      AFTERWARDS: "end",
      ...variablesOf(variation, "producer", "consumer"),
    },
    producer: { ...producer, ...variablesOf(variation, "producer") },
    consumer: {
      // It decides within its turn, and ends with its producer.
      MARKER_WAIT_SECONDS: Math.min(times.markerWaitSeconds, busySeconds - 2) + leadSeconds,
      WATCH_SECONDS: busySeconds + leadSeconds,
      INSPECT_SECONDS: busySeconds + leadSeconds,
      ...variablesOf(variation, "consumer"),
      ...(variation.readersRestart ? { RESTART: "yes" } : {}),
      // The dead mount is taken away meanwhile, and the next one made.
      ...(variation.readersRestart === "still-dead" ? { RESTART_SECONDS: STALE_SECONDS + REMOUNT_SECONDS } : {}),
    },
  };
}

/** The variables of a variation that these scripts read, and no other script. */
const variablesOf = (variation: Variation, ...scripts: readonly ("producer" | "consumer")[]): Environment =>
  Object.fromEntries(
    Object.entries(VARIATION_VARIABLES).flatMap(([name, { variable, readBy }]) => {
      const value = variation[name as keyof typeof VARIATION_VARIABLES];
      const theirs = readBy.length === scripts.length && readBy.every((script) => scripts.includes(script));
      return value && theirs ? [[variable, value === true ? "yes" : value]] : [];
    }),
  );

/** Its pod stays until it is deleted, twice: what it says of the pod before it must be read. */
function ofSamePod(times: Times, variation: Variation, crowdSeconds: number, turnSeconds: number): Schedule {
  const schedule = ofScenario(times, variation, crowdSeconds, turnSeconds);
  const busySeconds = schedule.busySeconds + KUBELET_SECONDS;
  const totalSeconds = turnSeconds + busySeconds * STRETCH;
  return {
    ...schedule,
    busySeconds,
    totalSeconds,
    both: { PROBE_SECONDS: times.probeSeconds, INSPECT_SECONDS: totalSeconds },
    consumer: { ...schedule.consumer, WATCH_SECONDS: busySeconds, INSPECT_SECONDS: totalSeconds },
  };
}

/** What the producer does to its daemon, and how long each step takes. */
function producerTimes(times: Times, variation: Variation, crowdSeconds: number) {
  const { fault, late, delaySeconds = 0, readersRestart } = variation;
  const { settleSeconds, mountSeconds, holdSeconds, staleSeconds, recoverSeconds, probeSeconds } = times;
  return {
    SETTLE_SECONDS: settleSeconds + crowdSeconds,
    MOUNT_SECONDS: mountSeconds,
    FAULT: fault,
    // Until a consumer that was created after the mount has looked.
    HOLD_SECONDS: holdSeconds + (late ? LATE_SECONDS : delaySeconds),
    // A read of a hung mount must come to its deadline first.
    STALE_SECONDS: faultIn(variation)?.hangs ? Math.max(staleSeconds, probeSeconds + 2) : staleSeconds,
    // Until a reader that was restarted has looked.
    RECOVER_SECONDS: recoverSeconds + (readersRestart ? RESTART_SECONDS : 0),
  };
}
