/** The collector as one who acts: it replaces the producer's pod when everything else is known of it (cluster/answers.ts). */
import type { ReplacementWay } from "../../core/contract/replacement.ts";
import { answered, wayNow } from "../../core/diagnosis/answer.ts";
import { isAtEnd } from "../../core/diagnosis/causes/index.ts";
import { judge } from "../../core/diagnosis/verdict.ts";
import type { Task } from "./clock.ts";
import { collect, evidenceAt, isReplacing } from "./collector.ts";
import type { World } from "./world.ts";

/** @param replace is done while nothing else of the collector is */
export function* replacer(world: World, replace: (way: ReplacementWay) => Task): Task {
  const { asked, successor, scenario } = world.plan;
  if (asked !== "yes" || !(scenario === "base" || scenario === "no-crash")) return;
  for (;;) {
    yield 0.5;
    const way = rests(world) ? decided(world) : undefined;
    if (way === "answered") return;
    if (!way) continue;
    if (successor === "refused") {
      world.notReplacedAt = world.now;
      return;
    }
    yield* replace(way);
  }
}

/** Whether the producer's last word is that nothing more is to come of its schedule: without it, nothing is replaced. */
const rests = ({ logs }: World): boolean =>
  logs
    .findLast(({ role }) => role === "producer")
    ?.lines.at(-1)
    ?.text.includes('"step":"inspect"') === true;

function decided(world: World): ReplacementWay | "answered" | undefined {
  const collected = collect(world);
  if (isReplacing(collected, world.now)) return undefined;
  const evidence = evidenceAt(collected, world.now, false);
  const all = isAtEnd(evidence) ? { ...evidence, final: true } : evidence;
  const verdict = judge(all);
  if (!verdict) return undefined;
  return (all.final ? undefined : wayNow(verdict, all, [])) ?? (answered(verdict, all, []) ? "answered" : undefined);
}
