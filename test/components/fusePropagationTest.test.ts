import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/index.js";
import { Provider } from "@pulumi/kubernetes/index.js";
import * as pulumi from "@pulumi/pulumi";
import { FusePropagationTest } from "../../components/fusePropagationTest.ts";
import { judge } from "../../core/diagnosis/verdict.ts";
import { SettingsError } from "../../core/settings/settings.ts";
import { evidence } from "../core/evidence/evidence.ts";

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
  readonly provider: string;
}

/** How a secret is written on its way to a provider. */
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

const registered: Registered[] = [];
const outputs: string[] = [];
const verdict = judge(evidence({ pods: [], final: true }));

/** Everything an instance registers is registered once its parts have their ids. */
const settled = (test: FusePropagationTest) =>
  Promise.all([
    value(test.verdicts),
    value(test.sweep.id),
    value(test.teardown.id),
    value(test.probe.id),
    ...test.pods.map((pod) => value(pod.id)),
  ]);

const value = <T>(output: pulumi.Output<T>): Promise<T> => new Promise((resolve) => output.apply(resolve));

describe("FusePropagationTest", () => {
  before(async () => {
    await pulumi.runtime.setMocks(
      {
        newResource: async ({ type, name, inputs, provider }) => {
          // Slow enough that whatever does not wait for it comes first.
          if (name === "before") await sleep(50);
          registered.push({ type, name, inputs, provider: provider ?? "" });
          const stdout = JSON.stringify({ run: "r", nodes: { "k3s-w2": verdict } });
          return { id: `${name}-id`, state: { ...inputs, ...(name.endsWith("-collect") ? { stdout } : {}) } };
        },
        call: ({ inputs }) => inputs,
      },
      "fuse-propagation-test",
      "test",
    );
  });
  beforeEach(() => {
    registered.length = 0;
    outputs.length = 0;
  });
  it("registers exactly these resources, named from the parent", async () => {
    const test = new FusePropagationTest("k3s-w2", { nodes: ["k3s-w2"] });
    await settled(test);
    assert.deepEqual(registered.map(({ type, name }) => `${type} ${name}`).sort(), [
      "command:local:Command k3s-w2-collect",
      "command:local:Command k3s-w2-sweep",
      "command:local:Command k3s-w2-teardown",
      "fuse-propagation-test:index:FusePropagationTest k3s-w2",
      "kubernetes:core/v1:ConfigMap k3s-w2-probe",
      "kubernetes:core/v1:Namespace k3s-w2-namespace",
      "kubernetes:core/v1:Pod k3s-w2-k3s-w2-consumer",
      "kubernetes:core/v1:Pod k3s-w2-k3s-w2-producer",
    ]);
  });

  it("deletes a pod whose daemon is a sidecar before the engine does: a mount may keep it", async () => {
    const test = new FusePropagationTest("a", { nodes: ["n"], scenarios: ["same-pod"] });
    await settled(test);
    assert.ok(test.release);
    await value(test.release.id);
    const release = registered.find(({ name }) => name === "a-release");
    assert.equal(release?.inputs.delete, "exec sh cli/node.sh cli/main.ts sweep --stdin --release");
    assert.equal(release?.inputs.create, undefined);
    assert.equal(JSON.parse(String(release?.inputs.stdin)).run, test.run);
    const names = registered.map(({ name }) => name);
    // It depends on the pod: so it is deleted before it.
    assert.ok(names.indexOf("a-release") > names.indexOf("a-n-same-pod"), names.join(" "));
  });

  it("makes the base pairs' pods before all others: the node that makes them is busy afterwards", async () => {
    await settled(new FusePropagationTest("a", { nodes: ["m", "n"], scenarios: ["oom", "same-pod"] }));
    const pods = registered.filter(({ type }) => type.endsWith(":Pod")).map(({ name }) => name);
    assert.deepEqual(pods.slice(0, 4).sort(), ["a-m-consumer", "a-m-producer", "a-n-consumer", "a-n-producer"]);
    assert.equal(pods.length, 10);
  });

  it("outputs the verdicts that the collector printed", async () => {
    const test = new FusePropagationTest("k3s-w2", { nodes: ["k3s-w2"] });
    assert.equal((await value(test.verdicts))["k3s-w2"]?.cause, "unknown");
  });

  it("waits for no pod to become ready, but for its end, and runs teardown and sweep only at destroy", async () => {
    const test = new FusePropagationTest("a", { nodes: ["k3s-w2"] });
    await settled(test);
    for (const { inputs } of registered.filter(({ type }) => type.endsWith(":Pod"))) {
      const { annotations } = inputs.metadata as { annotations: Record<string, string> };
      assert.equal(annotations["pulumi.com/waitFor"], "jsonpath={.metadata.uid}");
      assert.equal(annotations["pulumi.com/skipAwait"], undefined, "it skips the wait at deletion too");
    }
    for (const [name, command] of [
      ["a-teardown", /main\.ts sweep --stdin --keep-namespace$/],
      ["a-sweep", /main\.ts sweep --stdin --nodes-only$/],
    ] as const) {
      const { create, update, delete: last } = registered.find((one) => one.name === name)?.inputs ?? {};
      assert.deepEqual([create, update], [undefined, undefined]);
      assert.match(String(last), command);
    }
  });

  it("stands several times in one stack", async () => {
    const one = new FusePropagationTest("one", { nodes: ["a"], namespace: "fuse-one" });
    const two = new FusePropagationTest("two", { nodes: ["b", "c"], namespace: "fuse-two" });
    await Promise.all([settled(one), settled(two)]);
    assert.equal(registered.length, 8 + 10);
    assert.equal(new Set(registered.map(({ type, name }) => `${type} ${name}`)).size, registered.length);
  });

  it("puts the isolation rules into the cluster where it is asked to", async () => {
    await settled(new FusePropagationTest("a", { nodes: ["n"], admission: true }));
    const kinds = registered.map(({ type }) => type).filter((type) => type.includes("admissionregistration"));
    assert.deepEqual(kinds.sort(), [
      "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy",
      "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy",
      "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding",
      "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding",
    ]);
  });

  it("collects again when a setting of the pods changes, and only then", async () => {
    const trigger = async (settle: number, wait: number) => {
      registered.length = 0;
      const test = new FusePropagationTest("a", { nodes: ["n"], settleSeconds: settle, collectSeconds: wait });
      await settled(test);
      return JSON.stringify(registered.find(({ name }) => name === "a-collect")?.inputs.triggers);
    };
    assert.equal(await trigger(2, 60), await trigger(2, 90));
    assert.notEqual(await trigger(2, 60), await trigger(3, 60));
  });

  it("is another sweep in another place, and the same one for other settings", async () => {
    const triggers = async (changed: object) => {
      registered.length = 0;
      await settled(new FusePropagationTest("a", { nodes: ["n"], ...changed }));
      return JSON.stringify(registered.find(({ name }) => name === "a-sweep")?.inputs.triggers);
    };
    const here = await triggers({});
    assert.equal(await triggers({ settleSeconds: 3, run: "again" }), here);
    const places = [{ nodes: ["m"] }, { namespace: "b" }, { bridge: "/mnt/b" }, { kubeconfig: "/b" }, { context: "b" }];
    for (const place of places) assert.notEqual(await triggers(place), here, JSON.stringify(place));
  });

  it("is never taken down by a change of its settings: what goes with the teardown would go too", async () => {
    for (const changed of [{}, { nodes: ["m"] }, { namespace: "b" }, { context: "b" }]) {
      registered.length = 0;
      await settled(new FusePropagationTest("a", { nodes: ["n"], ...changed }));
      assert.equal(registered.find(({ name }) => name === "a-teardown")?.inputs.triggers, undefined);
    }
  });

  it("hands parent, provider and dependencies on to its children", async () => {
    const parent = new pulumi.ComponentResource("test:index:Parent", "parent");
    const provider = new Provider("homelab", { kubeconfig: "/b" });
    const before = new ConfigMap("before", {}, { provider });
    const test = new FusePropagationTest("a", { nodes: ["n"] }, { parent, provider, dependsOn: [before] });
    await Promise.all([settled(test), value(before.id)]);
    const own = "fuse-propagation-test:index:FusePropagationTest";
    assert.ok((await value(test.urn)).includes(`::test:index:Parent$${own}::a`));
    for (const child of [test.namespace, test.probe, ...test.pods, test.teardown, test.sweep, test.collect])
      assert.ok((await value(child.urn)).includes(`::${own}$`), "a child's parent is the component");
    const children = registered.filter(({ name }) => name.startsWith("a-"));
    for (const { name, provider } of children.filter(({ type }) => type.startsWith("kubernetes:")))
      assert.match(provider, /::pulumi:providers:kubernetes::homelab::homelab-id$/, name);
    // The children wait for the component, and the component for what it depends on.
    const order = registered.map(({ name }) => name);
    for (const { name } of children) assert.ok(order.indexOf(name) > order.indexOf("before"), name);
    assert.equal(children.length, 7);
  });

  it("keeps a command, which may hold a key, secret wherever it goes, and the verdicts readable", async () => {
    const key = "k3y-0f-a-s3rvice";
    const command = `daemon --token=${key} "$MOUNT"`;
    const test = new FusePropagationTest("a", { nodes: ["n"], driver: "command", command, admission: true });
    await settled(test);
    assert.equal(await pulumi.isSecret(test.verdicts), false);
    let held = 0;
    const open = (given: unknown): unknown => {
      const { value: inner, ...rest } = (given ?? {}) as Record<string, unknown>;
      if (Object.values(rest).includes(SECRET)) {
        if (JSON.stringify(inner).includes(key)) held++;
        return "[secret]";
      }
      return typeof given === "object" && given !== null
        ? Object.fromEntries(Object.entries(given).map(([name, below]) => [name, open(below)]))
        : given;
    };
    for (const { name, inputs } of registered) assert.ok(!JSON.stringify(open(inputs)).includes(key), name);
    // The producer, the collector and the policies: where it has to be.
    assert.ok(held >= 3, `${held}`);
    for (const { name, inputs } of registered.filter(({ name }) => /-(sweep|teardown)$/.test(name)))
      assert.equal(typeof inputs.stdin, "string", `${name} needs no command`);
  });

  it("refuses bad settings before anything is registered", () => {
    assert.throws(() => new FusePropagationTest("bad", { nodes: [], bridge: "/etc" }), SettingsError);
    assert.deepEqual(registered, []);
  });
});
