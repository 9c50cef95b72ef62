import assert from "node:assert/strict";
import { lawsCommand, lawsOptions } from "./options.ts";

describe("npm run laws", () => {
  it("takes how many histories, a seed and --breaks", () => {
    assert.deepEqual(lawsOptions(["2000", "--seed", "0"]), { histories: 2000, seed: 0, breaks: false });
    assert.deepEqual(lawsOptions(["--breaks", "--seed", "7"]), { histories: 100_000, seed: 7, breaks: true });
  });

  it("takes a seed from the clock where none is given", () => {
    const { seed } = lawsOptions([]);
    assert.ok(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31, String(seed));
  });

  it("explains count, seed, unit and exit code", () => {
    let help = "";
    const quiet = lawsCommand().configureOutput({ writeOut: (text) => (help += text) });
    assert.throws(() => lawsOptions(["--help"], quiet), { code: "commander.helpDisplayed" });
    for (const words of ["how many histories", "--seed <number>", "seconds of one core", "Exit codes: 0"])
      assert.ok(help.includes(words), `${words} is not in\n${help}`);
  });

  for (const [args, value] of [
    [["many"], 'histories is "many"'],
    [["0"], 'histories is "0"'],
    [["1e5"], 'histories is "1e5"'],
    [["--seed", "-1"], '--seed is "-1"'],
    [["--seed", "2147483648"], '--seed is "2147483648"'],
  ] as const)
    it(`refuses ${args.join(" ")}, with the value and what to give instead`, () =>
      assert.throws(
        () => lawsOptions(args),
        (error: { message?: string; remedy?: string }) =>
          error.message?.startsWith(value) === true && error.remedy?.includes("npm run laws -- 100000") === true,
      ));
});
