/** The pairs of pods of one test: the base pair of each node, then one for each scenario that has pods of its own. */
import { chosen, type PairScenario, pairsOf } from "../scenarios.ts";
import type { Settings } from "../settings.ts";

export interface Pair {
  readonly node: string;
  /** Undefined for the base pair. */
  readonly scenario?: PairScenario;
  /** How long its pods wait before they begin, in seconds: pairs of one node take turns, or they would starve each other. */
  readonly turnSeconds: number;
}

/** A start of three containers and two mounts on a busy machine, in seconds. */
const START_SECONDS = 6;
/** Six daemons started one after the other, and read by three users, in seconds. */
const PERMISSIONS_SECONDS = 8;

export function pairsIn(settings: Settings): readonly Pair[] {
  const scenarios = pairsOf(settings.scenarios);
  return settings.nodes.flatMap((node): Pair[] => [
    { node, turnSeconds: 0 },
    ...scenarios.map((scenario, index) => ({
      node,
      scenario,
      turnSeconds: baseSeconds(settings) + index * (scenarioSeconds(settings) + START_SECONDS),
    })),
  ]);
}

/** How long the base pair needs for its schedule, in seconds. */
function baseSeconds(settings: Settings): number {
  const names = chosen(settings.scenarios);
  const { settleSeconds, holdSeconds, staleSeconds, recoverSeconds } = settings;
  return (
    settleSeconds +
    START_SECONDS +
    (names.includes("daemon-crash") ? holdSeconds + staleSeconds + recoverSeconds : 0) +
    (names.includes("permissions") ? PERMISSIONS_SECONDS : 0)
  );
}

/** How long a scenario's pair is watched, in seconds: its schedule, and a daemon that is as slow as a scenario makes it. */
export function scenarioSeconds(settings: Settings): number {
  const { settleSeconds, staleSeconds, recoverSeconds } = settings;
  return settleSeconds + heldSeconds(settings) + staleSeconds + recoverSeconds + START_SECONDS;
}

/** The first mount is held until a consumer that was created after it has looked, in seconds. */
export const heldSeconds = ({ holdSeconds }: Settings): number => holdSeconds + START_SECONDS / 2;

/** When a late consumer is created, counted from its pair's turn, in seconds: the producer has settled and mounted. */
export const lateSeconds = ({ settleSeconds }: Settings): number => settleSeconds + 2;

/** How long all turns take, in seconds: what a collector has to wait for beside its own patience. */
export const turnsSeconds = (settings: Settings): number => {
  const last = Math.max(0, ...pairsIn(settings).map(({ turnSeconds }) => turnSeconds));
  return last === 0 ? 0 : last + scenarioSeconds(settings);
};
