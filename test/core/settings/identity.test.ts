import assert from "node:assert/strict";
import { identified } from "../../../core/settings/identity.ts";
import { parseSettings, type SettingsInput } from "../../../core/settings/settings.ts";
import { probeScripts } from "../../../probe/scripts.ts";

const scripts = probeScripts();

describe("the identity of a run", () => {
  it("changes with the settings and the probe, and with nothing else", () => {
    const run = (more: Partial<SettingsInput>, files = scripts) =>
      identified(parseSettings({ nodes: ["a"], ...more }), files).run;
    assert.equal(run({}), run({}));
    assert.equal(run({}), run({ kubeconfig: "/elsewhere", context: "home", failOn: "failure", collectSeconds: 60 }));
    assert.equal(
      run({}),
      run({ decision: { success: "Do it." }, owner: "me", flux: { checkout: "/x" }, mode: "flux" }),
    );
    assert.notEqual(run({}), run({ settleSeconds: 4 }));
    assert.notEqual(run({}), run({}, { ...scripts, "lib.sh": "#" }));
  });
});
