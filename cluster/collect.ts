/** Watches a run of the test until each pair of pods has its verdict, or the time is over; then what is known decides. */
import type { KubeConfig, V1Pod } from "@kubernetes/client-node";
import { MARKS } from "../base/marks.ts";
import { REPLACEMENT_WAYS, type ReplacementWay, type Service, serviceOf } from "../core/contract/replacement.ts";
import { isSamePodWay, SAME_POD_WORDS, type SamePodWay } from "../core/contract/samePod.ts";
import type { NodeVerdict } from "../core/diagnosis/answer.ts";
import type { Evidence } from "../core/evidence/evidence.ts";
import { type Pair, planOf } from "../core/plan/plan.ts";
import type { RecipeTrial } from "../core/recipe/trial.ts";
import type { Settings } from "../core/settings/settings.ts";
import { Answers, pairKey } from "./answers.ts";
import { connect, requireAnswer } from "./connect.ts";
import { gather } from "./gather.ts";
import { type TrialOptions, tryRecipe, untried } from "./recipe/trial.ts";
import { refusals } from "./refusals.ts";
import { NotReplacedError, replacePod } from "./replacePod.ts";
import { endingLines, replaceSamePod } from "./samePod.ts";

export interface Report {
  readonly run: string;
  readonly nodes: Readonly<Record<string, NodeVerdict>>;
}

interface Collection {
  readonly report: Report;
  /** Everything that was seen, of each pair. */
  readonly evidence: readonly Evidence[];
}

interface CollectOptions {
  /** Judge only the pods of this run; undefined: those that are there. */
  readonly run: string | undefined;
  /** The pods as the user applied them, where they are not the ones that the settings make. */
  readonly ownPods: readonly V1Pod[];
  /** Takes a line about each verdict as soon as it is known. */
  readonly print: (line: string) => void;
  /** Takes the evidence of a pair each time that something new was seen. */
  readonly onEvidence: (evidence: Evidence) => void;
  /** Restarts a service of a node; undefined where its nodes are not to be disturbed. */
  readonly restart?: ((service: Service, node: string) => Promise<void>) | undefined;
}

/**
 * How long nothing new must have come of a pair before it is judged, in milliseconds: its logs and states come over several
 * connections, in no order.
 */
const QUIET_MS = 250;

/**
 * @param stop ends it early; it is aborted when all is known
 * @throws UserError where the cluster does not answer
 */
export async function collect(
  settings: Settings,
  { run, ownPods, print, onEvidence, restart }: CollectOptions,
  stop: AbortController,
): Promise<Collection> {
  const config = connect(settings);
  await requireAnswer(config);
  const { pairs, deadlineSeconds } = planOf(settings);
  const answers = new Answers(settings, print);
  const { promise, resolve } = Promise.withResolvers<void>();
  const problems = new Set<string>();
  const quiet = new Map<string, NodeJS.Timeout>();
  /** By pair. */
  const replacing = new Map<string, Promise<void>>();
  /** By pair: how often the pod with its daemon has been replaced, its newest word of it included. */
  const replaced = new Map<string, number>();
  const consider = (evidence: Evidence) => {
    const way = answers.consider(evidence);
    const service = way && !isSamePodWay(way) ? serviceOf(way) : undefined;
    if (way && (!service || answers.allBut(evidence)))
      replacing.set(
        pairKey(evidence),
        replace(evidence, way).finally(() => replacing.delete(pairKey(evidence))),
      );
    if (answers.complete) resolve();
    // What disturbs the whole node waits until nobody else needs it.
    else if (answers.has(evidence)) for (const one of gathering.evidence()) if (!one.scenario) changed(one);
  };
  const replace = async (evidence: Evidence, way: ReplacementWay | SamePodWay) => {
    const whose = pairKey(evidence);
    const replacedBefore = replacedIn(evidence.records);
    const pair = pairs.find(({ node, scenario }) => node === evidence.node && scenario?.id === evidence.scenario);
    const name = pair?.names.producer ?? "";
    const onLeaving = (uid: string) => gathering.leaving(evidence, uid);
    try {
      if (isSamePodWay(way)) {
        print(`${MARKS.note} ${whose}  ${name} is ${SAME_POD_WORDS[way]}, and made again`);
        await replaceSamePod(config, settings, pair as Pair, way, onLeaving, (ended) => {
          gathering.deleted(evidence, ended);
          for (const line of endingLines(ended)) print(`${MARKS.inconclusive} ${whose}  ${line}`);
        });
      } else {
        const service = serviceOf(way);
        if (service && !restart)
          return gathering.unasked(
            evidence,
            way,
            `the node is not this test's to disturb: its ${service} was not restarted`,
          );
        print(`${MARKS.note} ${whose}  ${name} is ${REPLACEMENT_WAYS[way].words}, and made again`);
        if (service) await restart?.(service, evidence.node);
        await replacePod(config, settings.namespace, name, way, onLeaving);
      }
      replaced.set(whose, (replaced.get(whose) ?? replacedBefore) + 1);
    } catch (error) {
      if (!(error instanceof NotReplacedError)) throw error;
      print(`${MARKS.inconclusive} ${whose}  ${error.message}`);
      gathering.notReplaced(evidence, error.message);
    }
  };
  const changed = (evidence: Evidence) => {
    if (answers.has(evidence)) return;
    onEvidence(evidence);
    // Until the pod that takes the place of another has said so, nothing else can be said of its pair.
    const whose = pairKey(evidence);
    if (replacing.has(whose) || replacedIn(evidence.records) < (replaced.get(whose) ?? 0)) return;
    clearTimeout(quiet.get(whose));
    quiet.set(
      whose,
      setTimeout(() => consider(evidence), QUIET_MS),
    );
  };

  const gathering = gather(config, settings, run, stop.signal, changed, (error) =>
    problems.add(error instanceof Error ? error.message : String(error)),
  );
  void refusals(config, settings, ownPods, stop.signal, (node, words) => gathering.refused(node, words));
  const timer = setTimeout(resolve, deadlineSeconds * 1000);
  stop.signal.addEventListener("abort", () => resolve(), { once: true });

  await promise;
  await Promise.all(replacing.values());
  const isTried = planOf(settings).scenarios.includes("recipe");
  const trials =
    isTried && answers.complete
      ? await recipeTrials(config, settings, answers.nodes(), { print, restart, signal: stop.signal })
      : {};
  for (const each of [timer, ...quiet.values()]) clearTimeout(each);
  stop.abort();
  const complete = answers.complete;
  gathering.finish();
  for (const evidence of gathering.evidence()) consider(evidence);
  if (!complete) for (const words of problems) print(`${MARKS.inconclusive} ${words}`);
  const evidence = gathering.evidence();
  return {
    report: {
      run: evidence[0]?.run ?? settings.run,
      nodes: isTried ? withTrials(answers.nodes(), trials) : answers.nodes(),
    },
    evidence,
  };
}

/** One node after the other: their objects have the same names. */
async function recipeTrials(
  config: KubeConfig,
  settings: Settings,
  nodes: Report["nodes"],
  options: TrialOptions,
): Promise<Readonly<Record<string, RecipeTrial>>> {
  const trials: Record<string, RecipeTrial> = {};
  for (const [node, { grade }] of Object.entries(nodes))
    trials[node] = await tryRecipe(config, settings, node, grade, options);
  return trials;
}

const withTrials = (
  nodes: Report["nodes"],
  trials: Readonly<Record<string, RecipeTrial>>,
): Readonly<Record<string, NodeVerdict>> =>
  Object.fromEntries(
    Object.entries(nodes).map(([node, verdict]) => [
      node,
      { ...verdict, recipe: trials[node] ?? untried("the test itself did not come to its end") },
    ]),
  );

/** How often the producer's pod was replaced, as far as it has said so. */
const replacedIn = (records: Evidence["records"]): number =>
  new Set(records.flatMap((record) => (record.step === "replaced" ? [record.uptime] : []))).size;
