/** Random numbers that come again with their seed (mulberry32), and choices among things. */
export interface Random {
  /** Below a number. */
  below(limit: number): number;
  of<T>(things: readonly T[]): T;
  /** Whether it happens, once in so many times. */
  once(inSo: number): boolean;
}

export function random(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    below,
    of: <T>(things: readonly T[]): T => things[below(things.length)] as T,
    once: (inSo) => below(inSo) === 0,
  };
}
