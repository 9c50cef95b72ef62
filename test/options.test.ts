import assert from "node:assert/strict";
import { givenSettings, saidSettings } from "../cli/options.ts";
import { UserError } from "../cli/problem.ts";

describe("settings of a command line", () => {
  it("are the stack's, changed by what is said", () => {
    const given = givenSettings({
      stack: "homelab",
      set: ["settleSeconds=5", "run=again", 'tolerations=[{"key":"a"}]'],
    });
    assert.deepEqual(given.nodes, ["k3s-w2"]);
    assert.deepEqual([given.settleSeconds, given.run, given.tolerations], [5, "again", [{ key: "a" }]]);
  });

  it("take nodes and cluster from their own options", () => {
    const given = givenSettings({ stack: "homelab", node: ["a", "b"], context: "c", kubeconfig: "/k" });
    assert.deepEqual([given.nodes, given.context, given.kubeconfig], [["a", "b"], "c", "/k"]);
    assert.deepEqual(givenSettings({ stack: "homelab", scenario: ["all", "!empty-dir"] }).scenarios, [
      "all",
      "!empty-dir",
    ]);
  });

  it("tell what was said from what the stack has: only that may widen the policies", () => {
    assert.deepEqual(saidSettings({ stack: "homelab", set: ["bridge=/srv/x"], node: ["a"] }), {
      bridge: "/srv/x",
      nodes: ["a"],
    });
    assert.deepEqual(saidSettings({ stack: "homelab" }), {});
  });

  it("refuse a stack that is not there, and a change without a value", () => {
    assert.throws(() => givenSettings({ stack: "nope" }), UserError);
    assert.throws(() => givenSettings({ stack: "homelab", set: ["run"] }), /--set run has no value/);
    assert.throws(() => givenSettings({ stack: "x/../Pulumi.homelab" }), /"x\/..\/Pulumi.homelab" is not the name/);
  });
});
