/** Virtual time: tasks that say how long they sleep, run in the order of their wake-ups. */

/** Yields how many seconds it sleeps. */
export type Task = Generator<number, void, void>;

interface Sleeper {
  readonly task: Task;
  at: number;
}

export class Clock {
  now: number;
  private sleepers: Sleeper[] = [];

  constructor(now: number) {
    this.now = now;
  }

  start(task: Task, after = 0): Task {
    this.sleepers.push({ task, at: this.now + after });
    return task;
  }

  /** As SIGKILL: it does not wake any more. */
  kill(task: Task | undefined): void {
    this.sleepers = this.sleepers.filter((one) => one.task !== task);
  }

  run(until: number): void {
    for (;;) {
      let next: Sleeper | undefined;
      for (const one of this.sleepers) if (!next || one.at < next.at) next = one;
      if (!next || next.at > until) return;
      this.now = next.at;
      const { done, value } = next.task.next();
      if (done) this.kill(next.task);
      else next.at = this.now + Math.max(value, 0);
    }
  }
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
