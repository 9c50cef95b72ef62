/** Many inputs through `check` and the oracle side by side. */
import { compare } from "./compare.ts";
import { type Input, input } from "./inputs.ts";
import type { Oracle } from "./oracle.ts";
import { random } from "./random.ts";

export interface Figures {
  inputs: number;
  /** Of which kubectl or kustomize made something. */
  made: number;
  /** Of which they made something that breaks a rule. */
  breaches: number;
  /** How `check` ended, by its exit code. */
  readonly exits: [clean: number, violations: number, refused: number];
}

export interface Miss {
  /** With this seed and a count of 1 it comes again. */
  readonly seed: number;
  readonly input: Input;
  readonly words: string;
}

/** How many are under way in the oracle. */
const AHEAD = 64;

/** Every input has a seed of its own: the run's, and its number. */
export async function fuzz(
  oracle: Oracle,
  count: number,
  seed: number,
): Promise<{ readonly figures: Figures; readonly misses: readonly Miss[] }> {
  const figures: Figures = { inputs: 0, made: 0, breaches: 0, exits: [0, 0, 0] };
  const misses: Miss[] = [];
  for (let from = 0; from < count; from += AHEAD) {
    const seeds = Array.from({ length: Math.min(AHEAD, count - from) }, (_, index) => seed + from + index);
    const asked = seeds.map((one) => {
      const made = input(random(one));
      return { one, made, answer: oracle.ask(made) };
    });
    for (const { one, made, answer } of asked) {
      const { exit, made: any, breach, differs } = compare(made, await answer);
      figures.inputs += 1;
      figures.exits[exit] += 1;
      if (any) figures.made += 1;
      if (breach !== undefined) figures.breaches += 1;
      if (exit === 0 && breach !== undefined) misses.push({ seed: one, input: made, words: breach });
      else if (differs) misses.push({ seed: one, input: made, words: "passes, and is read as something else" });
    }
  }
  return { figures, misses };
}

export const asLine = ({ inputs, made, breaches, exits: [clean, violations, refused] }: Figures): string =>
  `${inputs} inputs: kubectl or kustomize made something of ${made}, and of ${breaches} something that breaks a rule; check ended ${clean} times with 0, ${violations} with 1, ${refused} with 2`;
