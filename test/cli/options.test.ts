import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../base/problem.ts";
import { givenSettings, saidSettings } from "../../cli/options.ts";

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

  it("change with a key of several parts that part, and leave the rest of the stack's", () => {
    const base = { resources: { producer: { limits: { cpu: "2", memory: "1Gi" } }, consumer: {} }, nodes: ["a"] };
    const set = ["resources.producer.limits.memory=512Mi", "resources.producer.requests.cpu=10m"];
    assert.deepEqual(givenSettings({ stack: "homelab", set }, base).resources, {
      producer: { limits: { cpu: "2", memory: "512Mi" }, requests: { cpu: "10m" } },
      consumer: {},
    });
    assert.deepEqual(saidSettings({ stack: "homelab", set: [...set, "nodes.x=b", "run.x=1"] }, { run: "a" }), {
      resources: { producer: { limits: { memory: "512Mi" }, requests: { cpu: "10m" } } },
      nodes: { x: "b" },
      run: { x: 1 },
    });
  });

  it("take a value from a file, so that it stands in no list of processes", () => {
    const folder = mkdtempSync(join(tmpdir(), "options-"));
    try {
      const file = join(folder, "daemon.sh");
      writeFileSync(file, 'exec daemon --key "s3cret"\n\n');
      assert.deepEqual(saidSettings({ stack: "homelab", set: [`command=@${file}`] }), {
        command: 'exec daemon --key "s3cret"',
      });
      const missing = { stack: "homelab", set: [`command=@${folder}/none`] };
      assert.throws(() => saidSettings(missing), /--set command=@.*\/none: .*no such file/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("show of a change without a value only what can be its key", () => {
    const wrong = { stack: "homelab", set: ["command daemon --key s3cret"] };
    assert.throws(
      () => saidSettings(wrong),
      (error: Error) => /--set command has/.test(error.message) && !/s3cret/.test(error.message),
    );
  });

  it("say so of what a stack holds encrypted, unless the command line has it", () => {
    const stack = { nodes: ["a"], command: { secure: "AAAB" } };
    assert.throws(() => givenSettings({ stack: "x" }, stack), /command of Pulumi.x.yaml is encrypted/);
    assert.equal(givenSettings({ stack: "x", set: ["command=run"] }, stack).command, "run");
  });

  it("refuse a stack that is not there, and a change without a value", () => {
    assert.throws(() => givenSettings({ stack: "nope" }), UserError);
    assert.throws(() => givenSettings({ stack: "homelab", set: ["run"] }), /--set run has no value/);
    assert.throws(() => givenSettings({ stack: "x/../Pulumi.homelab" }), /"x\/..\/Pulumi.homelab" is not the name/);
  });
});
