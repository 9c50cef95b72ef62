/** The recipe on trial as it is in a cluster: applied, read, disturbed and taken away through the API. */
import { CoreV1Api, type KubeConfig, KubernetesObjectApi, PatchStrategy, type V1Pod } from "@kubernetes/client-node";
import { recipeObjects } from "../../core/recipe/daemon.ts";
import { parseLooks, type ReaderSample } from "../../core/recipe/looks.ts";
import { daemonLabels } from "../../core/recipe/placement.ts";
import type { Recipe } from "../../core/recipe/settings.ts";
import { READER_NAME, TRIAL_READERS, trialReader } from "../../core/recipe/trial.ts";
import { except } from "../connect.ts";
import { execIn } from "../live/exec.ts";

/** How long a command in the daemon's container may take, in milliseconds: the container ends with most of them. */
const EXEC_MS = 20_000;

/** What was read of the readers' newest pod. */
export interface Readers {
  readonly pod: string;
  readonly restarts: Readonly<Record<string, number>>;
  readonly looks: Readonly<Record<string, readonly ReaderSample[]>>;
}

/** The daemon's newest pod. */
export interface DaemonLife {
  readonly pod: string;
  /** How often its container was started again. */
  readonly restarts: number;
  /** Whether it is ready, and no pod before it is there any more: what a fault does to it is over. */
  readonly settled: boolean;
}

interface Made {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

const selectorOf = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
const READER_SELECTOR = selectorOf({ app: READER_NAME });

export class Deployed {
  private readonly config: KubeConfig;
  private readonly core: CoreV1Api;
  private readonly objects: KubernetesObjectApi;
  private readonly recipe: Recipe;
  private readonly daemonSelector: string;
  private readonly made: readonly Made[];
  private known: Readers = { pod: "", restarts: {}, looks: {} };
  /** By how many seconds the node's clock, which begins with its boot, is ahead of this process's own. */
  private ahead = Number.NEGATIVE_INFINITY;

  /** @param image of the readers */
  constructor(config: KubeConfig, recipe: Recipe, image: string) {
    this.config = config;
    this.core = config.makeApiClient(CoreV1Api);
    this.objects = KubernetesObjectApi.makeApiClient(config);
    this.recipe = recipe;
    this.daemonSelector = selectorOf(daemonLabels(recipe));
    // Plain data with only the fields that are set; the API's own types have all of them.
    this.made = [...recipeObjects(recipe), trialReader(recipe, image) as Made];
  }

  /** KIND/NAME of each object. */
  get names(): readonly string[] {
    return this.made.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
  }

  async apply(): Promise<void> {
    for (const one of this.made) await this.objects.create(one);
  }

  /** Deletes what is there of it. */
  async remove(): Promise<void> {
    for (const one of this.made) await this.drop(one);
  }

  async removeDaemon(): Promise<void> {
    for (const one of this.made) if (one.metadata.name !== READER_NAME) await this.drop(one);
  }

  /** Whether none of its pods is there. */
  async isGone(): Promise<boolean> {
    return (await this.isDaemonGone()) && (await this.pods(READER_SELECTOR)).length === 0;
  }

  async isDaemonGone(): Promise<boolean> {
    return (await this.pods(this.daemonSelector)).length === 0;
  }

  /** Of the readers' newest pod. Where the API does not serve it, as while a kubelet restarts, what was known last. */
  async read(): Promise<Readers> {
    try {
      this.known = await this.readNow();
    } catch {
      // Whoever waits asks again.
    }
    return this.known;
  }

  /** The node's clock as far as its readers' lines show it: each line came a little after it was written. */
  now(): number {
    return performance.now() / 1000 + this.ahead;
  }

  /** @throws ApiException */
  async daemon(): Promise<DaemonLife> {
    const pods = await this.pods(this.daemonSelector);
    const pod = newestOf(pods);
    const [status] = pod?.status?.containerStatuses ?? [];
    return {
      pod: pod?.metadata?.name ?? "",
      restarts: status?.restartCount ?? 0,
      settled: pods.length === 1 && status?.ready === true,
    };
  }

  /** Each container that waits, in the kubelet's words. */
  async waiting(): Promise<string> {
    const pods = [...(await this.pods(this.daemonSelector)), ...(await this.pods(READER_SELECTOR))];
    const states = pods.flatMap(({ metadata, status }) =>
      [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].flatMap(({ name, state }) =>
        state?.waiting ? [`${metadata?.name}/${name} ${state.waiting.reason}`] : [],
      ),
    );
    return states.join(", ") || "no container waits, and some reader has no mount";
  }

  /**
   * Runs a script in the daemon's container. What it says, and how it ends, is nothing: the container may end with it.
   *
   * @throws Error where it did not begin
   */
  async inDaemon(script: string): Promise<void> {
    const { pod } = await this.daemon();
    const where = { namespace: this.recipe.namespace, pod, container: "daemon" };
    const { by, words } = await execIn(this.config, where, ["sh", "-c", script], { withinMs: EXEC_MS, bytes: 1_000 });
    if (by === "refused") throw new Error(words);
  }

  /** As `kubectl rollout restart` does it. */
  async restartRollout(of: "daemon" | "readers"): Promise<void> {
    const annotations = { "kubectl.kubernetes.io/restartedAt": new Date().toISOString() };
    const patch = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: of === "daemon" ? this.recipe.name : READER_NAME, namespace: this.recipe.namespace },
      spec: { template: { metadata: { annotations } } },
    };
    await this.objects.patch(patch, undefined, undefined, undefined, undefined, PatchStrategy.StrategicMergePatch);
  }

  async deleteDaemonPod(options: { readonly gracePeriodSeconds?: number } = {}): Promise<void> {
    const { pod: name } = await this.daemon();
    await this.core.deleteNamespacedPod({ namespace: this.recipe.namespace, name, ...options });
  }

  private async readNow(): Promise<Readers> {
    const pod = newestOf(await this.pods(READER_SELECTOR));
    const name = pod?.metadata?.name ?? "";
    const statuses = pod?.status?.containerStatuses ?? [];
    const restarts = Object.fromEntries(statuses.map((one) => [one.name, one.restartCount]));
    const looks = await Promise.all(
      Object.keys(TRIAL_READERS).map(async (reader) => [reader, await this.looksOf(name, reader, restarts[reader])]),
    );
    return { pod: name, restarts, looks: Object.fromEntries(looks) };
  }

  /** What a reader has said, its container's life before this one included. */
  private async looksOf(name: string, container: string, restarts = 0): Promise<readonly ReaderSample[]> {
    if (name === "") return [];
    const { namespace } = this.recipe;
    const log = (previous: boolean) =>
      // It has not started, or the log of its earlier life is gone.
      this.core.readNamespacedPodLog({ namespace, name, container, previous }).catch(except([400, 404], ""));
    const looks = parseLooks(await log(false));
    const last = looks.at(-1)?.at ?? Number.NEGATIVE_INFINITY;
    this.ahead = Math.max(this.ahead, last - performance.now() / 1000);
    if (restarts === 0) return looks;
    const before = parseLooks(await log(true));
    const ended = before.at(-1) ?? looks[0];
    return [...before, ...(ended ? [{ ...ended, state: "restarted" }] : []), ...looks];
  }

  private async drop({ apiVersion, kind, metadata: { name, namespace = "" } }: Made): Promise<void> {
    await this.objects
      .delete(
        { apiVersion, kind, metadata: { name, namespace } },
        undefined,
        undefined,
        undefined,
        undefined,
        "Background",
      )
      .catch(except([404], undefined));
  }

  private async pods(labelSelector: string): Promise<V1Pod[]> {
    const { items } = await this.core.listNamespacedPod({ namespace: this.recipe.namespace, labelSelector });
    return items;
  }
}

function newestOf(pods: readonly V1Pod[]): V1Pod | undefined {
  const age = ({ metadata }: V1Pod) => metadata?.creationTimestamp?.getTime() ?? 0;
  return pods.toSorted((a, b) => age(a) - age(b)).at(-1);
}
