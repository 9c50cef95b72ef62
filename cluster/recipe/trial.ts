/** Deploys the recipe on a node, puts it through its faults, and takes it away again (scenario `recipe`). */
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeConfig } from "@kubernetes/client-node";
import { MARKS } from "../../base/marks.ts";
import { until, type Wait } from "../../base/stop.ts";
import type { Service } from "../../core/contract/replacement.ts";
import type { Grade } from "../../core/diagnosis/decision.ts";
import { GOOD, outageIn } from "../../core/recipe/looks.ts";
import type { Recipe } from "../../core/recipe/settings.ts";
import {
  exhaustScript,
  outcomeLine,
  type RecipeTrial,
  signalScript,
  TRIAL_FAULTS,
  TRIAL_READERS,
  type TrialFaultId,
  type TrialOutcome,
  type TrialReader,
  trialFinding,
  trialRecipe,
  untriable,
} from "../../core/recipe/trial.ts";
import type { Settings } from "../../core/settings/settings.ts";
import { reasonOf } from "../connect.ts";
import { type DaemonLife, Deployed, type Readers } from "./deployed.ts";

/** In milliseconds. */
const TRIAL_TIMES = {
  poll: 400,
  /** How long daemon and readers may take to come up, and a reader to come back. */
  patience: 120_000,
  /** After which a fault that nobody has noticed is over. */
  unnoticed: 8_000,
  /** What comes back too early, and goes again, does so within this time. */
  relapse: 2_000,
} as const;
/** A look is news for so long, in seconds: each reader says something every second. */
const FRESH_SECONDS = 2.5;

export interface TrialOptions {
  /** Takes a line about each step. */
  readonly print: (line: string) => void;
  /** Restarts a service of a node; undefined where its nodes are not to be disturbed. */
  readonly restart: ((service: Service, node: string) => Promise<void>) | undefined;
  readonly signal: AbortSignal;
  /** @default TRIAL_TIMES */
  readonly times?: Readonly<Record<keyof typeof TRIAL_TIMES, number>>;
}

/**
 * @param grade the node's; undefined where it is not known
 * @returns what was found; that it is not known where the node has no grade that a recipe is for, where the API server refuses, or
 *   where somebody interrupts
 */
export async function tryRecipe(
  config: KubeConfig,
  settings: Settings,
  node: string,
  grade: Grade | undefined,
  options: TrialOptions,
): Promise<RecipeTrial> {
  if (grade === undefined || grade === "C")
    return untried(`a recipe is for grade A or B, and this node's is ${grade ?? "not known"}`);
  const none = untriable(settings);
  if (none !== undefined) return untried(none);
  const recipe = trialRecipe(settings, node, grade);
  const trial = new Trial(new Deployed(config, recipe, settings.consumerImage), recipe, node, options);
  try {
    return await trial.run();
  } catch (error) {
    return untried(options.signal.aborted ? "interrupted" : reasonOf(error));
  } finally {
    await trial.end().catch((error: unknown) => options.print(`${MARKS.inconclusive} ${reasonOf(error)}`));
  }
}

/** @param words why there was no trial */
export const untried = (words: string): RecipeTrial => ({
  holds: undefined,
  finding: `Not answered: ${words}.`,
  objects: [],
  outcomes: [],
});

class Trial {
  private readonly deployed: Deployed;
  private readonly recipe: Recipe;
  private readonly node: string;
  private readonly options: TrialOptions;
  private readonly times: NonNullable<TrialOptions["times"]>;
  private readonly waiting: Wait;

  constructor(deployed: Deployed, recipe: Recipe, node: string, options: TrialOptions) {
    this.deployed = deployed;
    this.recipe = recipe;
    this.node = node;
    this.options = options;
    this.times = options.times ?? TRIAL_TIMES;
    this.waiting = { every: this.times.poll, within: this.times.patience, signal: options.signal };
  }

  async run(): Promise<RecipeTrial> {
    // What an earlier collector may have left.
    await this.end();
    await this.deployed.apply();
    this.say(`its ${this.deployed.names.length} objects are applied`);
    if (!(await until(async () => this.areBack(await this.deployed.read()), this.waiting)))
      return {
        holds: false,
        finding: `Daemon and readers did not come up within ${this.times.patience / 1000} s: ${await this.deployed.waiting()}.`,
        objects: this.deployed.names,
        outcomes: [],
      };
    const outcomes: TrialOutcome[] = [];
    for (const fault of Object.keys(TRIAL_FAULTS) as TrialFaultId[]) {
      const outcome = await this.ask(fault);
      outcomes.push(outcome);
      this.say(outcomeLine(outcome));
      // What follows would only show the same.
      if (Object.values(outcome.readers).some(({ outageMs }) => outageMs === undefined)) break;
    }
    const finding = trialFinding(outcomes, this.recipe.grade, await this.left());
    return { ...finding, objects: this.deployed.names, outcomes };
  }

  /** Takes it away. Whoever was interrupted does not wait for that. */
  async end(): Promise<void> {
    await this.deployed.remove();
    const { every, within } = this.waiting;
    await until(async () => this.options.signal.aborted || (await this.deployed.isGone()), { every, within });
  }

  /** How many FUSE mounts the readers still see when the daemon is gone. */
  private async left(): Promise<number> {
    await this.deployed.removeDaemon();
    await until(() => this.deployed.isDaemonGone(), this.waiting);
    const mounts = async () => {
      const { looks } = await this.deployed.read();
      return Math.max(0, ...Object.values(looks).map((said) => said.at(-1)?.mounts ?? 0));
    };
    await until(async () => (await mounts()) === 0, { ...this.waiting, within: this.times.unnoticed });
    return mounts();
  }

  private async ask(fault: TrialFaultId): Promise<TrialOutcome> {
    const unasked = (words: string): TrialOutcome => ({ fault, readers: {}, unasked: words });
    if (fault === "kubelet" && !this.options.restart) return unasked("the node is not this test's to disturb");
    const [before, daemon] = [await this.deployed.read(), await this.deployed.daemon()];
    try {
      await this.faults[fault]();
    } catch (error) {
      this.options.signal.throwIfAborted();
      return unasked(reasonOf(error));
    }
    const begun = performance.now();
    let now = before;
    const isOver = async () => {
      now = await this.deployed.read();
      if (fault === "readers") return now.pod !== before.pod && this.areBack(now);
      const noticed = Object.entries(now.looks).some(([name, looks]) =>
        looks.some(({ at, state }) => at > lastOf(before, name) && state !== GOOD),
      );
      if (!this.areBack(now) || !(noticed || performance.now() - begun > this.times.unnoticed)) return false;
      // A daemon may take its time to end: until then its readers have lost nothing yet.
      return this.deployed.daemon().then(
        ({ settled }) => settled,
        () => false,
      );
    };
    const over = await until(isOver, this.waiting);
    if (over) await sleep(this.times.relapse);
    now = await this.deployed.read();
    const readers = this.outcomes(before, now);
    const missing = premiseMissing(fault, daemon, await this.deployed.daemon(), readers);
    if (missing !== undefined) return unasked(missing);
    // A new pod whose gate stays shut has said nothing at all.
    const stuck = fault === "readers" && now.pod === before.pod;
    return { fault, readers: stuck ? mapped(readers, (one) => ({ ...one, outageMs: undefined })) : readers };
  }

  private outcomes(before: Readers, now: Readers): Record<string, TrialReader> {
    const same = now.pod === before.pod;
    return Object.fromEntries(
      Object.keys(TRIAL_READERS).map((name) => {
        const looks = now.looks[name] ?? [];
        const since = same ? lastOf(before, name) : 0;
        const met = looks.filter(({ at }) => at > since);
        return [
          name,
          {
            ...outageIn(looks, since, this.deployed.now()),
            restarts: (now.restarts[name] ?? 0) - (same ? (before.restarts[name] ?? 0) : 0),
            mounts: { most: Math.max(0, ...met.map(({ mounts }) => mounts)), after: met.at(-1)?.mounts ?? 0 },
            table: { before: before.looks[name]?.at(-1)?.table ?? 0, after: met.at(-1)?.table ?? 0 },
          },
        ];
      }),
    );
  }

  private readonly faults: Readonly<Record<TrialFaultId, () => Promise<unknown>>> = {
    killed: () => this.deployed.inDaemon(signalScript("KILL")),
    rollout: () => this.deployed.restartRollout("daemon"),
    memory: () => this.deployed.inDaemon(exhaustScript(this.recipe)),
    forced: () => this.deployed.deleteDaemonPod({ gracePeriodSeconds: 0 }),
    hang: () => this.deployed.inDaemon(signalScript("STOP")),
    deleted: () => this.deployed.deleteDaemonPod(),
    readers: () => this.deployed.restartRollout("readers"),
    kubelet: async () => this.options.restart?.("kubelet", this.node),
  };

  /** Whether every reader has the mount, and has just said so. */
  private areBack({ looks }: Readers): boolean {
    return Object.keys(TRIAL_READERS).every((name) => {
      const last = looks[name]?.at(-1);
      return last?.state === GOOD && this.deployed.now() - last.at < FRESH_SECONDS;
    });
  }

  private say(words: string): void {
    this.options.print(`${MARKS.note} ${this.node} recipe  ${words}`);
  }
}

/** What did not come about, and without which nothing was asked. */
function premiseMissing(
  fault: TrialFaultId,
  before: DaemonLife,
  after: DaemonLife,
  readers: Readonly<Record<string, TrialReader>>,
): string | undefined {
  const replaced = after.pod !== before.pod;
  switch (fault) {
    case "killed":
    case "memory":
      return replaced || after.restarts > before.restarts ? undefined : "the daemon's container did not end by it";
    case "rollout":
    case "forced":
    case "deleted":
      return replaced ? undefined : "the daemon's pod was not replaced";
    case "hang":
      return Object.values(readers).some(({ seen }) => seen.some((state) => /hung|silent|restarted/.test(state)))
        ? undefined
        : "no reader met the daemon while it hung";
    case "readers":
    case "kubelet":
      return undefined;
  }
}

/** When a reader had said its last word. */
const lastOf = ({ looks }: Readers, name: string): number => looks[name]?.at(-1)?.at ?? 0;

const mapped = <T>(record: Readonly<Record<string, T>>, change: (one: T) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(record).map(([key, one]) => [key, change(one)]));
