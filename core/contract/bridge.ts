/**
 * The paths of the bridge, on a node and in the pods: a directory above it or below it, or a mount point in it, is formed here
 * and nowhere else. The probe has the same layout (BRIDGE and MOUNT of probe/lib.sh, HOST and NAME of probe/sweep.sh).
 */
import { PAIR_SCENARIOS } from "./scenarios.ts";
import type { Variation } from "./variation.ts";

/** The mount point's name in a bridge that is the parent directory. */
export const MOUNT_NAME = "fuse";

/** The FUSE file system is mounted here in such a bridge. */
export const mountPointIn = (bridge: string): string => `${bridge}/${MOUNT_NAME}`;

/** Where pods mount the bridge, and where the FUSE file system is then mounted in them. */
export const BRIDGE_PATH = "/bridge";
export const MOUNT_PATH = mountPointIn(BRIDGE_PATH);

/** Where the sweep mounts the directory that holds the bridge. */
export const SWEEP_HOST_PATH = "/host";

/** Where a container may have the bridge's volume: in the leaf layout the volume is the mount point itself. */
export const BRIDGE_VOLUME_PATHS: readonly string[] = [BRIDGE_PATH, MOUNT_PATH];

/** A scenario's pair has a directory of its own: the base pair's mount stays for inspection. */
export const scenarioBridge = (bridge: string, scenario: string): string => `${bridge}/${scenario}`;

/** The directory in the bridge where the recipe on trial mounts: see core/recipe/trial.ts. */
export const RECIPE_DIRECTORY = "recipe";

/** The directories in the bridge that are a scenario's, its mount point in each: the sweep looks there. */
export const scenarioDirectories: readonly string[] = [...PAIR_SCENARIOS.map(({ id }) => id), RECIPE_DIRECTORY];

/**
 * Every directory of a node that the test's pods may mount: the bridge, that of each scenario with a pair of its own, and the mount
 * point in one.
 */
export const hostBridges = (bridge: string): readonly string[] => [
  bridge,
  ...PAIR_SCENARIOS.flatMap(({ id, pair }) => {
    const directory = scenarioBridge(bridge, id);
    return pair.layout === "producer-leaf" ? [directory, mountPointIn(directory)] : [directory];
  }),
];

/**
 * The directory of the node that holds the bridge, and the bridge's name in it.
 *
 * @param bridge an absolute path of two parts or more, without a slash at its end, as the settings' check has it
 */
export function splitBridge(bridge: string): { readonly parent: string; readonly name: string } {
  const cut = bridge.lastIndexOf("/");
  return { parent: bridge.slice(0, cut), name: bridge.slice(cut + 1) };
}

/** A pod's volume, and where its containers mount it. */
export interface BridgeVolume {
  /** The directory of the node that it is; undefined where it is an emptyDir, the pod's own. */
  readonly hostDirectory: string | undefined;
  /** The parent of the mount point, or where the volume is the mount point, that. */
  readonly mountPath: string;
  /** What of the volume is mounted. */
  readonly subPath?: string;
}

/** Where a pair's file system lies; in its own pods the mount point is always MOUNT_PATH. */
export interface BridgePaths {
  /** The volume of each pod. */
  readonly producer: BridgeVolume;
  readonly consumer: BridgeVolume;
  /** The directory of the node where a sidecar keeps what it serves; undefined where the daemon is in a pod of its own. */
  readonly storeDirectory?: string;
  /** The mount point for a container that has the whole bridge at BRIDGE_PATH, and not only the pair's own directory. */
  readonly mountPointInWhole: string;
}

/** @param scenario undefined for the base pair */
export function pairPaths(bridge: string, scenario?: { readonly id: string; readonly pair: Variation }): BridgePaths {
  const { layout = "parent", samePod } = scenario?.pair ?? {};
  const volume = samePod ?? scenario?.pair.bridge ?? "hostPath";
  const directoryIn = (root: string) => (scenario ? scenarioBridge(root, scenario.id) : root);
  const inWhole = directoryIn(BRIDGE_PATH);
  const hostDirectory = volume === "hostPath" ? directoryIn(bridge) : undefined;
  const leaf = layout === "leaf";
  const both = { hostDirectory, mountPath: leaf ? MOUNT_PATH : BRIDGE_PATH };
  const alone = { hostDirectory: hostDirectory && mountPointIn(hostDirectory), mountPath: MOUNT_PATH };
  return {
    producer: layout === "producer-leaf" ? alone : both,
    consumer: layout === "sub-path" ? { hostDirectory, mountPath: MOUNT_PATH, subPath: MOUNT_NAME } : both,
    ...(samePod ? { storeDirectory: directoryIn(bridge) } : {}),
    mountPointInWhole: leaf ? inWhole : mountPointIn(inWhole),
  };
}
