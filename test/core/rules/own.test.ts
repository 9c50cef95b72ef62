import assert from "node:assert/strict";
import { admission } from "../../../core/admission/index.ts";
import { bundle } from "../../../core/manifests/index.ts";
import { sweepPod } from "../../../core/manifests/sweep.ts";
import { allowedBy, assertIsolated, IsolationError, RULES, violationsOf } from "../../../core/rules/index.ts";
import { parseSettings } from "../../../core/settings/settings.ts";
import { probeScripts } from "../../../probe/scripts.ts";

const scripts = probeScripts();
const SETTINGS = {
  "one node": parseSettings({ nodes: ["k3s-w2"] }),
  "several nodes, two images": parseSettings({ nodes: ["a", "b.example"], producerImage: "example.com/p:1" }),
  "a daemon of the user's own": parseSettings({
    nodes: ["k3s-w2"],
    driver: "command",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's
    command: 'echo $$ $(id -u); exec my-daemon "${MOUNT}"',
    markerFile: "version.txt",
  }),
  "every duration at its most": parseSettings({ nodes: ["a"], inspectionMinutes: 24 * 60, markerWaitSeconds: 3600 }),
};

describe("isolation rules on the project's own objects", () => {
  for (const [what, settings] of Object.entries(SETTINGS)) {
    const allowed = { ...allowedBy(settings), scripts };
    const { namespace, probe, pods, samePods } = bundle({ ...settings, scenarios: ["all"] }, scripts);
    const objects = [
      namespace,
      probe,
      ...pods.flatMap(({ producer, consumer }) => [producer, consumer]),
      ...samePods.map(({ pod }) => pod),
    ];
    const sweeps = settings.nodes.flatMap((node) =>
      (["check", "unmount"] as const).map((task) => sweepPod(settings, node, task, scripts["sweep.sh"] ?? "")),
    );

    it(`let them through: ${what}`, () => assertIsolated(objects, allowed));

    it(`let the sweep through only where it is allowed: ${what}`, () => {
      assertIsolated(sweeps, { ...allowed, sweep: true });
      for (const pod of sweeps) assert.ok(violationsOf(pod, allowed).length > 0, pod.metadata.name);
    });
  }

  it("refuse another daemon than the settings'", () => {
    const settings = SETTINGS["a daemon of the user's own"];
    const producers = bundle(settings, scripts).pods.map(({ producer }) => producer);
    for (const command of ["", "exec another"])
      assert.throws(
        () => assertIsolated(producers, { ...allowedBy({ ...settings, command }), scripts }),
        /privileged-producer-only: .*runs a daemon of its own that is not allowed/,
      );
  });

  it("name every breach in the error that stops the component", () => {
    const [settings, other] = [SETTINGS["one node"], SETTINGS["several nodes, two images"]];
    const objects = bundle(other, scripts).pods.map(({ producer }) => producer);
    assert.throws(
      () => assertIsolated(objects, allowedBy(settings)),
      (error) =>
        error instanceof IsolationError && /pinned-to-test-node: .*\n.*privileged-producer-only: /.test(error.message),
    );
  });
});

describe("generated admission policies", () => {
  const settings = SETTINGS["several nodes, two images"];
  const objects = admission({ ...allowedBy(settings), scripts, sweep: true });

  it("bind to the test's namespace alone, deny, and fail closed", () => {
    assert.deepEqual(
      objects.map(({ kind }) => kind),
      [
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
      ],
    );
    for (const object of objects) {
      if (object.kind === "ValidatingAdmissionPolicy") assert.equal(object.spec.failurePolicy, "Fail");
      else {
        assert.deepEqual(object.spec.validationActions, ["Deny"]);
        const { matchLabels } = object.spec.matchResources.namespaceSelector;
        assert.deepEqual(matchLabels, { "kubernetes.io/metadata.name": settings.namespace });
      }
    }
  });

  it("say every rule that an API server can judge in a namespace, by its id", () => {
    const messages = objects.flatMap((object) =>
      object.kind === "ValidatingAdmissionPolicy" ? object.spec.validations.map(({ message }) => message) : [],
    );
    const said = new Set(messages.map((message) => message.slice(0, message.indexOf(":"))));
    for (const { id, cel } of RULES) assert.equal(said.has(id), !("inexpressible" in cel), id);
    // Whatever concerns a pod is said in CEL: what these two ask is no field of an object in the namespace.
    const missing = RULES.map(({ id }) => id).filter((id) => !said.has(id));
    assert.deepEqual(missing.sort(), ["no-opaque-sources", "test-namespace-only"]);
  });
});
