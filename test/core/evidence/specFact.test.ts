import assert from "node:assert/strict";
import { podFact, sidesOf } from "../../../core/evidence/facts.ts";
import { specFact } from "../../../core/evidence/specFact.ts";
import { apiPod } from "../../../core/manifests/api.ts";
import { bundle } from "../../../core/manifests/index.ts";
import { parseSettings } from "../../../core/settings/settings.ts";

const [pair] = bundle(parseSettings({ nodes: ["k3s-w2"] }), {}).pods;

describe("facts of a pod's spec", () => {
  it("of this project's own pods: which role mounts the bridge, and how", () => {
    assert.ok(pair);
    const facts = [pair.producer, pair.consumer].map((pod) => podFact(apiPod(pod)).spec?.containers ?? []);
    assert.deepEqual(
      facts
        .flat()
        .map(({ role, privileged, bridge }) => [role, privileged, bridge?.kind, bridge?.path, bridge?.propagation]),
      [
        ["producer", true, "hostPath", "/tmp/fuse-test-bridge", "Bidirectional"],
        ["control", false, "hostPath", "/tmp/fuse-test-bridge", "None"],
        ["default", false, "hostPath", "/tmp/fuse-test-bridge", "HostToContainer"],
        ["hardened", false, "hostPath", "/tmp/fuse-test-bridge", "HostToContainer"],
        ["user", false, "hostPath", "/tmp/fuse-test-bridge", "HostToContainer"],
      ],
    );
  });

  it("of a pod with a sidecar: that is the producer, and the rest the consumer", () => {
    const [own] = bundle(parseSettings({ nodes: ["k3s-w2"], scenarios: ["same-pod"] }), {}).samePods;
    assert.ok(own);
    const status = (name: string) => ({ name, image: "", imageID: "", ready: true, restartCount: 0, state: {} });
    const pod = podFact({
      ...apiPod(own.pod),
      status: {
        initContainerStatuses: ["fuse-turn", "fuse-sidecar"].map(status),
        containerStatuses: ["fuse-control", "fuse-consumer"].map(status),
      },
    });
    assert.deepEqual(
      sidesOf(pod).map(({ name, component, spec, containers }) => [
        name,
        component,
        spec?.containers.map(({ role, privileged, bridge }) => `${role} ${privileged} ${bridge?.kind}`),
        containers.map((one) => one.name),
      ]),
      [
        ["fuse-same-pod", "producer", ["producer true emptyDir"], ["fuse-turn", "fuse-sidecar"]],
        [
          "fuse-same-pod",
          "consumer",
          ["control false emptyDir", "default false emptyDir", "hardened false emptyDir"],
          ["fuse-control", "fuse-consumer"],
        ],
      ],
    );
    assert.ok(pair);
    const alone = podFact(apiPod(pair.consumer));
    assert.deepEqual(sidesOf(alone), [alone]);
  });

  it("of pods that people wrote: the volume that holds the mount point, whatever its name", () => {
    const volumeMounts = [
      { name: "root", mountPath: "/srv" },
      { name: "media", mountPath: "/srv/media/", subPath: "a", readOnly: true },
      { name: "other", mountPath: "/srv/media2" },
    ];
    const container = { name: "app", env: [{ name: "BRIDGE", value: "/srv/media" }], volumeMounts };
    const spec = specFact(
      { hostUsers: false, runtimeClassName: "kata", containers: [container], volumes: [] },
      "consumer",
    );
    assert.deepEqual(spec, {
      hostUsers: false,
      runtimeClassName: "kata",
      containers: [
        {
          name: "app",
          role: "consumer",
          privileged: false,
          bridge: {
            volume: "media",
            kind: "other",
            mountPath: "/srv/media",
            subPath: "a",
            propagation: "None",
            readOnly: true,
            root: "/srv/media",
          },
        },
      ],
    });
  });

  it("of a container that was started again: how it ended before", () => {
    const terminated = { reason: "OOMKilled", exitCode: 137 };
    const started = { name: "fuse-producer", image: "", imageID: "", ready: true, restartCount: 2 };
    const status = { ...started, lastState: { terminated }, state: { running: {} } };
    assert.deepEqual(podFact({ status: { containerStatuses: [status] } }).containers, [
      { name: "fuse-producer", state: "running", reason: "", message: "", restarts: 2, last: terminated },
    ]);
  });
});
