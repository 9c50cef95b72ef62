/** Watches a run of the test until each pair of pods has its verdict, or the time is over; then what is known decides. */
import type { V1Pod } from "@kubernetes/client-node";
import { MARKS } from "../base/marks.ts";
import { WAY_WORDS, type Way } from "../core/contract/replacement.ts";
import { SAME_POD_WORDS, type SamePodWay } from "../core/contract/samePod.ts";
import type { NodeVerdict } from "../core/diagnosis/answer.ts";
import type { Evidence } from "../core/evidence/evidence.ts";
import { type Pair, planOf } from "../core/plan/plan.ts";
import type { Settings } from "../core/settings/settings.ts";
import { Answers, keyOf, type Whose } from "./answers.ts";
import { connect, requireAnswer } from "./connect.ts";
import { gather } from "./gather.ts";
import { refusals } from "./refusals.ts";
import { NotReplacedError, replacePod } from "./replacePod.ts";
import { endingLines, replaceSamePod } from "./samePod.ts";

export interface Report {
  readonly run: string;
  readonly nodes: Readonly<Record<string, NodeVerdict>>;
}

export interface Collection {
  readonly report: Report;
  /** Everything that was seen, of each pair. */
  readonly evidence: readonly Evidence[];
}

export interface CollectOptions {
  /** Judge only the pods of this run; undefined: those that are there. */
  readonly run: string | undefined;
  /** The pods as the user applied them, where they are not the ones that the settings make. */
  readonly ownPods: readonly V1Pod[];
  /** Takes a line about each verdict as soon as it is known. */
  readonly print: (line: string) => void;
  /** Takes the evidence of a pair each time that something new was seen. */
  readonly onEvidence: (evidence: Evidence) => void;
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
  { run, ownPods, print, onEvidence }: CollectOptions,
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
  const consider = (evidence: Evidence) => {
    const way = answers.consider(evidence);
    if (way) replacing.set(keyOf(evidence), replace(evidence, way));
    if (answers.complete) resolve();
  };
  const replace = async (whose: Whose, way: Way | SamePodWay) => {
    const pair = pairs.find(({ node, scenario }) => node === whose.node && scenario?.id === whose.scenario) as Pair;
    const name = pair.names.producer;
    print(`${MARKS.note} ${keyOf(whose)}  ${name} is ${{ ...WAY_WORDS, ...SAME_POD_WORDS }[way]}, and made again`);
    const onLeaving = (uid: string) => gathering.leaving(whose, uid);
    try {
      if (way === "tidy" || way === "untidy")
        await replaceSamePod(config, settings, pair, way, onLeaving, (ended) => {
          gathering.deleted(whose, ended);
          for (const line of endingLines(ended)) print(`${MARKS.inconclusive} ${keyOf(whose)}  ${line}`);
        });
      else await replacePod(config, settings.namespace, name, way, onLeaving);
    } catch (error) {
      if (!(error instanceof NotReplacedError)) throw error;
      print(`${MARKS.inconclusive} ${keyOf(whose)}  ${error.message}`);
      gathering.notReplaced(whose, error.message);
    }
    replacing.delete(keyOf(whose));
  };
  const changed = (evidence: Evidence) => {
    if (answers.has(evidence)) return;
    onEvidence(evidence);
    // While its pod is on its way, nothing else than that can be said of it.
    if (replacing.has(keyOf(evidence))) return;
    const pair = keyOf(evidence);
    clearTimeout(quiet.get(pair));
    quiet.set(
      pair,
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
  for (const each of [timer, ...quiet.values()]) clearTimeout(each);
  stop.abort();
  const complete = answers.complete;
  gathering.finish();
  for (const evidence of gathering.evidence()) consider(evidence);
  if (!complete) for (const words of problems) print(`${MARKS.inconclusive} ${words}`);
  const evidence = gathering.evidence();
  return { report: { run: evidence[0]?.run ?? settings.run, nodes: answers.nodes() }, evidence };
}
