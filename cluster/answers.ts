/** The verdicts of a run as they become known: of each node's base pair first, then of its scenarios. */

import { MARKS } from "../base/marks.ts";
import type { ReplacementWay } from "../core/contract/replacement.ts";
import type { SamePodWay } from "../core/contract/samePod.ts";
import {
  answered,
  deletionNow,
  isAsked,
  type NodeVerdict,
  nodeVerdict,
  scenarioVerdict,
  wayNow,
} from "../core/diagnosis/answer.ts";
import { isAtEnd } from "../core/diagnosis/causes/index.ts";
import { judge, type Verdict } from "../core/diagnosis/verdict.ts";
import type { Evidence } from "../core/evidence/evidence.ts";
import { type Plan, planOf } from "../core/plan/plan.ts";
import type { Settings } from "../core/settings/settings.ts";

export type Whose = Pick<Evidence, "node" | "scenario">;

/** Names a pair in a map: a node's own, or one of its scenarios'. */
export const pairKey = ({ node, scenario }: Whose): string => [node, scenario].filter(Boolean).join(" ");

export class Answers {
  private readonly verdicts = new Map<string, Verdict>();
  private readonly printed = new Set<string>();
  private readonly plan: Plan;
  /** Scenarios whose finding was printed. */
  private readonly found = new Set<string>();
  private readonly pairs: readonly Whose[];
  private readonly settings: Settings;
  private readonly print: (line: string) => void;

  /** @param print takes a line about each verdict as soon as it is known */
  constructor(settings: Settings, print: (line: string) => void) {
    this.settings = settings;
    this.print = print;
    this.plan = planOf(settings);
    this.pairs = this.plan.pairs.map(({ node, scenario }) => ({
      node,
      ...(scenario ? { scenario: scenario.id } : {}),
    }));
  }

  /** Whether nothing that is still to come of this pair matters: it has answered, or there is nothing to ask it. */
  has(whose: Whose): boolean {
    const base = whose.scenario === undefined ? undefined : this.verdicts.get(whose.node);
    return this.verdicts.has(pairKey(whose)) || (base !== undefined && !isAsked(base, whose.scenario ?? ""));
  }

  /**
   * Takes the verdict that the evidence allows, if it allows one.
   *
   * @returns how the pod with the daemon is to be replaced before the pair can answer
   */
  consider(evidence: Evidence): ReplacementWay | SamePodWay | undefined {
    // What nobody can add to is judged as it stands.
    const all = isAtEnd(evidence) ? { ...evidence, final: true } : evidence;
    const verdict = judge(all, this.settings.decision);
    if (!verdict || this.has(evidence)) return undefined;
    const key = pairKey(evidence);
    const mark = MARKS[verdict.verdict];
    // Said as soon as it is known; its grade needs the rest of the producer's schedule.
    if (!this.printed.has(key) && !evidence.scenario)
      this.print(`${mark} ${key}  ${verdict.verdict}: ${verdict.cause}`);
    this.printed.add(key);
    const way = all.final ? undefined : (wayNow(verdict, all, this.plan.scenarios) ?? deletionNow(verdict, all));
    if (way !== undefined) return way;
    if (!answered(verdict, all, this.plan.scenarios)) return undefined;
    this.verdicts.set(key, verdict);
    if (!evidence.scenario && verdict.grade) this.print(`${mark} ${key}  grade ${verdict.grade}`);
    this.printFindings(evidence.node);
    return undefined;
  }

  /** What scenarios of a node have found is no answer before it is known whether they are asked there. */
  private printFindings(node: string): void {
    const base = this.verdicts.get(node);
    if (!base) return;
    for (const whose of this.pairs) {
      const key = pairKey(whose);
      const verdict = this.verdicts.get(key);
      if (whose.node !== node || !whose.scenario || !verdict || !isAsked(base, whose.scenario) || this.found.has(key))
        continue;
      this.found.add(key);
      const { asExpected, finding } = scenarioVerdict(whose.scenario, verdict);
      this.print(`${asExpected ? MARKS.success : MARKS.inconclusive} ${key}  ${finding}`);
    }
  }

  /** Whether this pair is the last of its node that has not answered. */
  allBut(whose: Whose): boolean {
    const others = this.pairs.filter((pair) => pair.node === whose.node && pairKey(pair) !== pairKey(whose));
    return others.every((pair) => this.verdicts.has(pairKey(pair)));
  }

  /** Whether every pair that can answer has answered. */
  get complete(): boolean {
    return this.pairs.every((pair) => this.has(pair));
  }

  nodes(): Record<string, NodeVerdict> {
    return Object.fromEntries(this.settings.nodes.map((node) => [node, this.node(node)]));
  }

  private node(node: string): NodeVerdict {
    const base = this.verdicts.get(node) as Verdict;
    const found = this.pairs.flatMap(({ node: of, scenario }) => {
      const verdict =
        scenario && of === node && isAsked(base, scenario) && this.verdicts.get(pairKey({ node, scenario }));
      return scenario && verdict ? [[scenario, scenarioVerdict(scenario, verdict)] as const] : [];
    });
    return nodeVerdict(base, Object.fromEntries(found), this.settings.decision);
  }
}
