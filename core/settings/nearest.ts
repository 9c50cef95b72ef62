import { closest, distance } from "fastest-levenshtein";

/** The known name a mistyped one was most likely meant to be, or undefined where none is near. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const lower = name.toLowerCase();
  const guess = closest(
    lower,
    known.map((one) => one.toLowerCase()),
  );
  const index = known.findIndex((one) => one.toLowerCase() === guess);
  return distance(lower, guess) <= Math.max(2, Math.floor(name.length / 3)) ? known[index] : undefined;
}
