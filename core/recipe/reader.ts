/** What a pod that reads the mount needs, as parts of its spec and as a patch of its workload. */
import { MOUNT_ANNOTATION, volumeName } from "./daemon.ts";
import { readerLabels, readerPlacement } from "./placement.ts";
import { gateScript, servedCheck } from "./scripts.ts";
import { pointOf, type Recipe, type RecipeReader } from "./settings.ts";
import type { Placement, RecipeContainer, RecipeVolume, RecipeVolumeMount } from "./types.ts";

const ANSWER_SECONDS = 5;
/**
 * How many times in a row a reader may miss the mount before it is restarted, ten seconds apart: with grade B nothing else brings it back; with
 * grade A it comes back by itself, and the restart is for what nobody has tested.
 */
const MISSES = { A: 12, B: 2 } as const;

export interface ReaderParts {
  readonly labels: Readonly<Record<string, string>>;
  readonly placement: Placement;
  readonly gate: RecipeContainer;
  readonly volumeMount: RecipeVolumeMount;
  readonly livenessProbe: {
    readonly exec: { readonly command: readonly string[] };
    readonly periodSeconds: number;
    readonly timeoutSeconds: number;
    readonly failureThreshold: number;
  };
  readonly volume: RecipeVolume;
}

/** For a workload of any form; `readerPatch` has the same as a patch. */
export function readerParts(recipe: Recipe): ReaderParts {
  const point = pointOf(recipe);
  const volumeMount = {
    name: volumeName(recipe.name),
    mountPath: recipe.path,
    readOnly: true,
    mountPropagation: "HostToContainer",
  } as const;
  return {
    labels: readerLabels(recipe),
    placement: readerPlacement(recipe),
    gate: {
      name: `wait-for-${recipe.name}`,
      image: recipe.image,
      command: ["sh", "-c", gateScript(point)],
      resources: {
        requests: { cpu: "10m", memory: "16Mi" },
        limits: { cpu: "100m", memory: "64Mi" },
      },
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
      volumeMounts: [volumeMount],
    },
    volumeMount,
    livenessProbe: {
      exec: { command: ["sh", "-c", servedCheck(point, ANSWER_SECONDS)] },
      periodSeconds: 10,
      timeoutSeconds: ANSWER_SECONDS + 1,
      failureThreshold: MISSES[recipe.grade],
    },
    volume: { name: volumeName(recipe.name), hostPath: { path: recipe.path, type: "Directory" } },
  };
}

/** A strategic merge patch of one workload: all that is said of it stays, but for what is named here. */
export function readerPatch(recipe: Recipe, { kind, name, containers }: RecipeReader): object {
  const { labels, placement, gate, volumeMount, livenessProbe, volume } = readerParts(recipe);
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name, annotations: { [MOUNT_ANNOTATION]: pointOf(recipe) } },
    spec: {
      template: {
        metadata: { labels },
        spec: {
          ...placement,
          enableServiceLinks: false,
          initContainers: [gate],
          containers: containers.map((container) => ({
            name: container,
            livenessProbe: { $patch: "replace", ...livenessProbe },
            volumeMounts: [volumeMount],
          })),
          volumes: [volume],
        },
      },
    },
  };
}
