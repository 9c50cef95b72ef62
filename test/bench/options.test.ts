import assert from "node:assert/strict";
import { repeatCommand, repeatOptions } from "./options.ts";

describe("npm run repeat", () => {
  it("takes how many runs, --busy and scenarios", () => {
    assert.deepEqual(repeatOptions([]), { times: 20, busy: false, scenarios: [] });
    assert.deepEqual(repeatOptions(["3", "--busy", "--scenario", "daemon-hang", "slow-mount"]), {
      times: 3,
      busy: true,
      scenarios: ["daemon-hang", "slow-mount"],
    });
  });

  it("explains count, --busy, unit and exit code", () => {
    let help = "";
    const quiet = repeatCommand().configureOutput({ writeOut: (text) => (help += text) });
    assert.throws(() => repeatOptions(["--help"], quiet), { code: "commander.helpDisplayed" });
    for (const words of ["how many runs", "--busy", "seconds", "Exit codes: 0"])
      assert.ok(help.includes(words), `${words} is not in\n${help}`);
  });

  for (const [args, value, remedy] of [
    [["twice"], 'times is "twice"', "npm run repeat -- 20"],
    [["0"], 'times is "0"', "npm run repeat -- 20"],
    [["--scenario", "daemon-hangs"], "--scenario daemon-hangs", "daemon-hang?"],
  ] as const)
    it(`refuses ${args.join(" ")}, with the value and what to give instead`, () =>
      assert.throws(
        () => repeatOptions(args),
        (error: { message?: string; remedy?: string }) =>
          error.message?.startsWith(value) === true && error.remedy?.includes(remedy) === true,
      ));
});
