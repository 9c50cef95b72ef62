import assert from "node:assert/strict";
import { until } from "../../base/stop.ts";

/** Gives these answers one after the other, the last one for ever. */
function answers<T>(...all: readonly T[]) {
  let asked = 0;
  return { ask: () => all[Math.min(asked++, all.length - 1)] as T, asked: () => asked };
}

describe("a wait", () => {
  it("ends with the first answer that is neither false nor undefined", async () => {
    const { ask, asked } = answers<number | false | undefined>(undefined, false, 0, 1);
    assert.equal(await until(ask, { every: 1, within: 5000 }), 0);
    assert.equal(asked(), 3);
  });

  it("asks at least once, and has no answer when it is late", async () => {
    const { ask, asked } = answers<boolean>(false);
    assert.equal(await until(ask, { every: 1, within: -1 }), undefined);
    assert.equal(asked(), 1);
  });

  it("throws what is to be said when it is late", async () => {
    const late = () => new Error("too late");
    await assert.rejects(
      until(() => false, { every: 1, within: 5, late }),
      /^Error: too late$/,
    );
  });

  it("passes on what the question throws, and ends at its signal", async () => {
    await assert.rejects(
      until(() => Promise.reject(new Error("refused")), { every: 1, within: 5000 }),
      /^Error: refused$/,
    );
    const stop = new AbortController();
    const ask = () => {
      stop.abort();
      return false;
    };
    await assert.rejects(until(ask, { every: 5000, within: 60_000, signal: stop.signal }), { name: "AbortError" });
  });
});
