/**
 * The recipe on trial (scenario `recipe`): the very objects that `npm run recipe` writes, a workload that reads them, and what it has to
 * come through. Pure; cluster/recipe/trial.ts does it.
 */
import { MOUNT_NAME, RECIPE_DIRECTORY, scenarioBridge } from "../contract/bridge.ts";
import { driverOf } from "../contract/drivers.ts";
import { quantity } from "../contract/quantity.ts";
import { PLAIN_UID } from "../contract/readers.ts";
import type { Settings } from "../settings/settings.ts";
import { lookScript, type Outage } from "./looks.ts";
import { readerParts } from "./reader.ts";
import { parseRecipe, pointOf, type Recipe } from "./settings.ts";

export const TRIAL_NAME = "fuse-recipe";
/** The containers that read, by their user. */
export const TRIAL_READERS = { root: 0, user: PLAIN_UID } as const;

/** In an order in which the kubelet's pause before the second restart of a container tells nothing: a new pod comes between two. */
export const TRIAL_FAULTS = {
  killed: { words: "daemon killed (-9)" },
  rollout: { words: "daemon's rollout" },
  memory: { words: "daemon out of memory" },
  forced: { words: "daemon's pod deleted by force" },
  hang: { words: "daemon hangs (-STOP)" },
  deleted: { words: "daemon's pod deleted" },
  readers: { words: "readers' rollout" },
  kubelet: { words: "kubelet restarted" },
} as const satisfies Readonly<Record<string, { readonly words: string }>>;
export type TrialFaultId = keyof typeof TRIAL_FAULTS;

/** What one fault meant to one reader. */
export interface TrialReader extends Outage {
  readonly restarts: number;
  readonly mounts: { readonly most: number; readonly after: number };
  readonly table: { readonly before: number; readonly after: number };
}

export interface TrialOutcome {
  readonly fault: TrialFaultId;
  /** By the reader's container; none where the fault did not come about. */
  readonly readers: Readonly<Record<string, TrialReader>>;
  /** Why it did not come about. */
  readonly unasked?: string;
}

/** What the trial found on one node. */
export interface RecipeTrial {
  /** Whether it holds: undefined where it could not be asked. */
  readonly holds: boolean | undefined;
  readonly finding: string;
  /** What was applied, as KIND/NAME. */
  readonly objects: readonly string[];
  readonly outcomes: readonly TrialOutcome[];
}

/** The recipe of the test's own daemon on a node, in the test's namespace, with its directory in the bridge, where the sweep finds it. */
export function trialRecipe(settings: Settings, node: string, grade: "A" | "B"): Recipe {
  const { driver, command, producerImage, tolerations, resources, namespace, bridge } = settings;
  const recipe = parseRecipe({
    name: TRIAL_NAME,
    namespace,
    mount: MOUNT_NAME,
    nodes: [node],
    grade,
    tolerations,
    driver,
    command,
    image: producerImage,
    resources: resources.producer,
  });
  // A directory that a boot empties is refused for a mount that is to stay; this one is not.
  return { ...recipe, path: scenarioBridge(bridge, RECIPE_DIRECTORY) };
}

/** Why there is no trial of a daemon; undefined where there is one. */
export const untriable = ({ driver }: Pick<Settings, "driver">): string | undefined =>
  driverOf(driver).archive
    ? `${driver} mounts an archive, and the recipe's is yours: there is none to try it with`
    : undefined;

/** A daemon of the user's own may serve what is not ours to write into. */
const writes = ({ driver }: Recipe): boolean => driver !== "command";

/** The workload that reads: the recipe's own parts in it, two users, the one with all rights of a container and the other with none. */
export function trialReader(recipe: Recipe, image: string): object {
  const { labels, placement, gate, volumeMount, livenessProbe, volume } = readerParts(recipe);
  const own = { ...labels, app: READER_NAME };
  const containers = Object.entries(TRIAL_READERS).map(([name, runAsUser]) => ({
    name,
    image,
    imagePullPolicy: "IfNotPresent",
    command: ["sh", "-c", lookScript(pointOf(recipe), { write: writes(recipe) })],
    env: [{ name: "ME", value: name }],
    resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { cpu: "500m", memory: "64Mi" } },
    securityContext:
      runAsUser === 0
        ? { allowPrivilegeEscalation: false }
        : { runAsUser, runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    livenessProbe,
    volumeMounts: [volumeMount],
  }));
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: READER_NAME, namespace: recipe.namespace, labels: own },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: READER_NAME } },
      template: {
        metadata: { labels: own },
        spec: {
          ...placement,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 1,
          initContainers: [gate],
          containers,
          volumes: [volume],
        },
      },
    },
  };
}

export const READER_NAME = `${TRIAL_NAME}-reader`;

/** In how many pieces the container's memory is taken: each must be smaller than any daemon, or it is the first whom the kernel ends. */
const PIECES = 64;
/** Pieces beyond the limit. */
const MORE_PIECES = 8;

/** More memory than the daemon's container may have, with the daemon as the first whom the kernel ends. */
export function exhaustScript({ resources }: Recipe): string {
  const bytes = Math.ceil(quantity(resources.limits.memory) / PIECES);
  // One hog holds a piece: tail keeps what it may have to say.
  const hog = `(head -c ${bytes} /dev/zero; sleep 15) | tail -c ${bytes} >/dev/null &`;
  return `for one in /proc/[0-9]*; do
  case $one in /proc/1 | /proc/$$) ;; *) echo 1000 >"$one/oom_score_adj" ;; esac
done 2>/dev/null
n=0
while [ $n -lt ${PIECES + MORE_PIECES} ]; do ${hog} n=$((n + 1)); done
wait`;
}

/** What ends, or stops, everything in the daemon's container but its first process. */
export const signalScript = (signal: "KILL" | "STOP"): string => `kill -${signal} -1`;

/** No mode keeps root out of the bare directory: it finds it empty, where another user is refused. */
const ROOT: keyof typeof TRIAL_READERS = "root";

/** What one fault shows against the recipe; undefined where it came through. With grade B a restart is how a reader comes back. */
function faultOf({ fault, readers, unasked }: TrialOutcome, grade: "A" | "B"): string | undefined {
  if (unasked !== undefined) return undefined;
  const { words } = TRIAL_FAULTS[fault];
  for (const [name, { seen, outageMs, restarts, mounts, table }] of Object.entries(readers)) {
    const met = seen.length > 0 ? ` (it met ${seen.join(" ")})` : "";
    if (outageMs === undefined) return `After "${words}" the reader ${name} did not come back${met}.`;
    if (seen.some((state) => state.startsWith("below") || (name !== ROOT && state.endsWith("/empty"))))
      return `During "${words}" the reader ${name} met the plain directory below the mount${met}.`;
    if (restarts > 0 && grade === "A") return `After "${words}" the reader ${name} came back only by a restart${met}.`;
    if (mounts.most > 1 || table.after > table.before)
      return `After "${words}" mounts pile up: ${mounts.most} at the mount point, ${table.before} in all before and ${table.after} after it.`;
  }
  return undefined;
}

/** @param left how many FUSE mounts the readers still saw once the daemon's Deployment was deleted */
export function trialFinding(
  outcomes: readonly TrialOutcome[],
  grade: "A" | "B",
  left: number,
): Pick<RecipeTrial, "holds" | "finding"> {
  const found = outcomes.map((one) => faultOf(one, grade)).find((words) => words !== undefined);
  if (found) return { holds: false, finding: found };
  if (left > 0) return { holds: false, finding: "The deleted daemon leaves its mount behind." };
  const asked = outcomes.filter(({ unasked }) => unasked === undefined);
  if (asked.length === 0) return { holds: undefined, finding: "Not answered: no fault could be brought about." };
  const outages = asked.flatMap(({ fault, readers }) =>
    Object.values(readers).map(({ outageMs = 0 }) => ({ fault, outageMs })),
  );
  const longest = outages.reduce((a, b) => (b.outageMs > a.outageMs ? b : a));
  const restarted = asked.some(({ readers }) => Object.values(readers).some(({ restarts }) => restarts > 0));
  return {
    holds: true,
    finding: [
      `As it is written, the recipe came through ${asked.length} of ${outcomes.length} faults, ${restarted ? "with restarts of readers" : "without a restart of a reader"}: the longest outage was ${(longest.outageMs / 1000).toFixed(1)} s (${TRIAL_FAULTS[longest.fault].words}), nobody wrote below the mount, and nothing piles up.`,
      ...(asked.some(({ readers }) => readers[ROOT]?.seen.some((state) => state.endsWith("/empty")))
        ? [
            "While the mount is away a reader that is root finds an empty directory, and any other user is refused: let no reader run as root.",
          ]
        : []),
      ...outcomes.flatMap(({ fault, unasked }) =>
        unasked === undefined ? [] : [`Not asked: ${TRIAL_FAULTS[fault].words}: ${unasked}.`],
      ),
    ].join(" "),
  };
}

/** One fault in a line for a person. */
export function outcomeLine({ fault, readers, unasked }: TrialOutcome): string {
  const { words } = TRIAL_FAULTS[fault];
  if (unasked !== undefined) return `${words}: not asked: ${unasked}`;
  const each = Object.entries(readers).map(([name, { outageMs, seen, restarts }]) => {
    const back = outageMs === undefined ? "not back" : `back after ${(outageMs / 1000).toFixed(1)} s`;
    const met = seen.length > 0 ? ` (${seen.join(" ")})` : "";
    const again = restarts > 0 ? `, restarted ${restarts} times` : "";
    return `${name} ${seen.length === 0 && outageMs === 0 ? "noticed nothing" : `${back}${met}`}${again}`;
  });
  return `${words}: ${each.join("; ")}`;
}
