/** The pairs of pods of one test: the base pair of each node, then one for each scenario that has pods of its own. */
import { PAIR_SCENARIOS, type PairScenario, scenariosIn } from "../contract/scenarios.ts";
import type { Settings } from "../settings/settings.ts";

export interface Pair {
  readonly node: string;
  /** Undefined for the base pair. */
  readonly scenario?: PairScenario;
  /** How long its pods wait before they begin, in seconds: pairs of one node take turns, or they would starve each other. */
  readonly turnSeconds: number;
}

/**
 * A busy node stretches the schedule by this much at most: see probe/lib.sh, where it stands too. Whatever ends a pod, or the wait
 * for one, leaves that much time.
 */
export const STRETCH = 6;
/** A start of a pod's containers and a mount on a busy machine, in seconds. */
const START_SECONDS = 6;
/** What a consumer may be late by where many pods start at once, in seconds. */
const CROWD_SECONDS = 2;
/** A late consumer's containers are there this long after the mount at the latest. */
const LATE_SECONDS = 8;
/** A restart of a reader by the kubelet, in seconds. */
const RESTART_SECONDS = 4;
/** Six daemons, and their mounts read by three users, in seconds. */
const PERMISSIONS_SECONDS = 4;

export function pairsIn(settings: Settings): readonly Pair[] {
  const pairs: Omit<Pair, "node">[] = [{ turnSeconds: 0 }];
  let turnSeconds = baseSeconds(settings);
  const names = scenariosIn(settings);
  for (const scenario of PAIR_SCENARIOS.filter(({ id }) => names.includes(id))) {
    pairs.push({ scenario, turnSeconds });
    turnSeconds += scenarioSeconds(settings, scenario);
  }
  return settings.nodes.flatMap((node) => pairs.map((pair) => ({ node, ...pair })));
}

/** How long the base pair needs for its schedule, in seconds. */
function baseSeconds(settings: Settings): number {
  const names = scenariosIn(settings);
  const { holdSeconds, staleSeconds, recoverSeconds } = settings;
  return (
    settledSeconds(settings) +
    START_SECONDS +
    (names.includes("daemon-crash") ? holdSeconds + staleSeconds + recoverSeconds : 0) +
    (names.includes("permissions") ? PERMISSIONS_SECONDS : 0)
  );
}

/** How long a scenario's pair is watched, in seconds: its schedule, and its start. */
export function scenarioSeconds(settings: Settings, scenario: PairScenario): number {
  return (
    settledSeconds(settings) +
    heldSeconds(settings, scenario) +
    staleSeconds(settings, scenario) +
    recoverSeconds(settings, scenario) +
    START_SECONDS
  );
}

/**
 * How long a producer waits before it mounts, in seconds. Where scenarios have pairs of their own, a node makes all those pods at
 * once, and a consumer may be there later than its producer.
 */
export const settledSeconds = (settings: Settings): number =>
  settings.settleSeconds + (PAIR_SCENARIOS.some(({ id }) => scenariosIn(settings).includes(id)) ? CROWD_SECONDS : 0);

/** How long a scenario holds its first mount, in seconds: until a consumer that was created after it has looked. */
export const heldSeconds = ({ holdSeconds }: Settings, { pair }: PairScenario): number =>
  holdSeconds + (pair.late ? LATE_SECONDS : (pair.delaySeconds ?? 0));

/** How long a scenario leaves its dead mount, in seconds: a read of a hung one must come to its deadline first. */
export const staleSeconds = ({ staleSeconds: given, probeSeconds }: Settings, { pair }: PairScenario): number =>
  pair.fault === "hang" ? Math.max(given, probeSeconds + 2) : given;

/** How long a scenario holds its second mount, in seconds: until a reader that was restarted has looked. */
export const recoverSeconds = ({ recoverSeconds: given }: Settings, { pair }: PairScenario): number =>
  given + (pair.readersRestart ? RESTART_SECONDS : 0);

/** How long a late consumer waits for the mount, in seconds: until its producer has settled, and mounted or given up. */
export const awaitSeconds = (settings: Settings): number =>
  settledSeconds(settings) + settings.mountSeconds + START_SECONDS;

/** How long all turns take on the busiest node, in seconds: what a collector has to wait for beside its own patience. */
export const turnsSeconds = (settings: Settings): number =>
  Math.max(
    0,
    ...pairsIn(settings).map(({ scenario, turnSeconds }) =>
      scenario ? turnSeconds + scenarioSeconds(settings, scenario) * STRETCH : 0,
    ),
  );

/** After how long a pair is through on the busiest node, in seconds from the start of its pods. */
export const pairSeconds = (settings: Settings, { scenario, turnSeconds }: Pick<Pair, "scenario" | "turnSeconds">) =>
  scenario
    ? turnSeconds + scenarioSeconds(settings, scenario) * STRETCH
    : Math.max(settings.inspectionMinutes * 60, baseSeconds(settings) * STRETCH);
