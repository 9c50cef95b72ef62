/**
 * What a test with these settings does: which pairs of pods on which nodes, where each mounts and when. Everything else reads it
 * here: manifests, collector, sweep, the settings' own check of their deadlines.
 */
import { type BridgePaths, pairPaths } from "../contract/bridge.ts";
import { BOTH, CONSUMER, PRODUCER, podName } from "../contract/names.ts";
import type { ReplacementWay } from "../contract/replacement.ts";
import { chosen, type PairScenario, type ScenarioId, waysOf } from "../contract/scenarios.ts";
import type { Times } from "../contract/times.ts";
import type { Variation } from "../contract/variation.ts";
import { baseVariation, type Schedule, schedules } from "./schedule.ts";

/** What of the settings a plan is made of. */
export interface PlanSettings extends Times {
  readonly nodes: readonly string[];
  readonly bridge: string;
  readonly scenarios: readonly string[];
  readonly markerFile: string;
}

/** A producer and its consumer. */
export interface Pair {
  readonly node: string;
  /** Undefined for the base pair. */
  readonly scenario?: PairScenario;
  /** How it mounts and what befalls its daemon: the scenario's, or the base pair's own. */
  readonly variation: Variation;
  /** Whether its pods go through the permission matrix. */
  readonly permissions: boolean;
  /** How its producer's pod is replaced in turn, once everything else is known of it. */
  readonly replaced: readonly ReplacementWay[];
  /** Names of its pods: the same twice where its daemon is a sidecar of the readers' pod. */
  readonly names: { readonly producer: string; readonly consumer: string };
  readonly paths: BridgePaths;
  readonly schedule: Schedule;
}

export interface Plan {
  /** Every scenario that is asked, in the catalogue's order. */
  readonly scenarios: readonly ScenarioId[];
  /** Node by node: the base pair first, then those of its scenarios in their turns. */
  readonly pairs: readonly Pair[];
  /** How long a collector waits for all verdicts, in seconds: as long as the settings say, and for the turns of the pairs. */
  readonly deadlineSeconds: number;
}

export function planOf(settings: PlanSettings): Plan {
  const { nodes, bridge, collectSeconds } = settings;
  const scenarios = scenariosIn(settings);
  const timetable = schedules(settings, scenarios);
  const ends = timetable.map(({ scenario, schedule }) => (scenario ? schedule.totalSeconds : 0));
  return {
    scenarios,
    pairs: nodes.flatMap((node) =>
      timetable.map(({ scenario, schedule }) => ({
        node,
        ...(scenario ? { scenario } : {}),
        variation: scenario?.pair ?? baseVariation(scenarios),
        permissions: !scenario && scenarios.includes("permissions"),
        replaced: scenario ? [] : waysOf(scenarios),
        names: {
          producer: podName(scenario?.pair.samePod ? BOTH : PRODUCER, node, nodes, scenario?.id),
          consumer: podName(scenario?.pair.samePod ? BOTH : CONSUMER, node, nodes, scenario?.id),
        },
        paths: pairPaths(bridge, scenario),
        schedule,
      })),
    ),
    deadlineSeconds: collectSeconds + Math.max(...ends),
  };
}

/**
 * The scenarios of a test. A daemon with a file system of its own (`markerFile`) has no matrix, and no many mounts: that would start
 * more of it, with its own accounts and caches, on directories that it does not serve.
 */
export const scenariosIn = ({
  scenarios,
  markerFile,
}: Pick<PlanSettings, "scenarios" | "markerFile">): readonly ScenarioId[] =>
  chosen(scenarios).filter((id) => markerFile === "" || (id !== "permissions" && id !== "many-mounts"));
