import assert from "node:assert/strict";
import { bundle, type Pod } from "../../../core/manifests/index.ts";
import { sweepPod } from "../../../core/manifests/sweep.ts";
import { planOf } from "../../../core/plan/plan.ts";
import { STRETCH } from "../../../core/plan/schedule.ts";
import { parseSettings, type SettingsInput } from "../../../core/settings/settings.ts";
import { probeScripts } from "../../../probe/scripts.ts";

const scripts = probeScripts();
const build = (more: Partial<SettingsInput> = {}) => bundle(parseSettings({ nodes: ["k3s-w2"], ...more }), scripts);
const only = (more: Partial<SettingsInput> = {}) => {
  const [pods] = build(more).pods;
  assert.ok(pods);
  return pods;
};
const valuesOf = (name: string, pod: Pod) =>
  pod.spec.containers.flatMap(({ env }) => env?.filter((one) => one.name === name).map(({ value }) => value) ?? []);
const both = ({ producer, consumer }: { producer: Pod; consumer: Pod }) => [producer, consumer];

describe("the sweep's own pod", () => {
  it("has longer on a node that is slow, as the time for a read tells", () => {
    const seconds = (probeSeconds: number) =>
      sweepPod(parseSettings({ nodes: ["a"], probeSeconds }), "a", "check", "").spec.activeDeadlineSeconds;
    assert.deepEqual([1, 2, 10, 60].map(seconds), [30, 30, 150, 150]);
  });
});

describe("manifests", () => {
  it("are the objects of the mission, by name", () => {
    const { namespace, probe, pods } = build();
    assert.equal(namespace.metadata.name, "fuse-test");
    assert.equal(namespace.metadata.labels["pod-security.kubernetes.io/enforce"], "privileged");
    assert.equal(probe.metadata.annotations?.["kustomize.toolkit.fluxcd.io/substitute"], "disabled");
    assert.deepEqual(Object.keys(probe.data), Object.keys(scripts));
    assert.deepEqual(
      pods.flatMap(both).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
      ["fuse-test/fuse-producer", "fuse-test/fuse-consumer"],
    );
  });

  it("name pods after their node where several are tested", () => {
    const names = build({ nodes: ["k3s-w2", "k3s-w1"] })
      .pods.flatMap(both)
      .map(({ metadata }) => metadata.name);
    assert.deepEqual(names, [
      "fuse-producer-k3s-w2",
      "fuse-consumer-k3s-w2",
      "fuse-producer-k3s-w1",
      "fuse-consumer-k3s-w1",
    ]);
  });

  it("pin both pods to their node and nothing else", () => {
    for (const pod of both(only())) {
      assert.deepEqual(
        pod.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms,
        [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["k3s-w2"] }] }],
      );
    }
  });

  it("give both pods no token, no service links, an end of their own and bounded resources", () => {
    for (const { spec } of both(only({ inspectionMinutes: 10 }))) {
      assert.equal(spec.automountServiceAccountToken, false);
      assert.equal(spec.enableServiceLinks, false);
      assert.equal(spec.activeDeadlineSeconds, 900);
      assert.ok(spec.terminationGracePeriodSeconds <= 5);
      for (const { resources } of spec.containers) {
        assert.deepEqual(Object.keys(resources.requests), ["cpu", "memory"]);
        assert.deepEqual(Object.keys(resources.limits), ["cpu", "memory"]);
      }
    }
  });

  it("have one privileged container, whose bridge alone is Bidirectional", () => {
    const { producer, consumer } = only();
    assert.deepEqual(
      producer.spec.containers.map(({ securityContext }) => securityContext.privileged),
      [true],
    );
    for (const { securityContext } of consumer.spec.containers) {
      assert.equal(securityContext.privileged, false);
      assert.equal(securityContext.allowPrivilegeEscalation, false);
    }
    const mounts = [producer, consumer].flatMap(({ spec }) =>
      spec.containers.map(({ name, volumeMounts }) => [name, volumeMounts?.[0]] as const),
    );
    assert.deepEqual(
      mounts.map(([name, mount]) => [name, mount?.mountPropagation, mount?.readOnly ?? false]),
      [
        ["fuse-producer", "Bidirectional", false],
        ["fuse-control", "None", true],
        ["fuse-consumer", "HostToContainer", true],
        ["fuse-consumer-hardened", "HostToContainer", true],
        ["fuse-consumer-user", "HostToContainer", true],
      ],
    );
  });

  it("have the daemon as a native sidecar of its readers' own pod, where that is asked", () => {
    for (const [id, volume, store] of [
      ["same-pod", { emptyDir: { sizeLimit: "1Mi" } }, true],
      ["same-pod-memory", { emptyDir: { medium: "Memory", sizeLimit: "1Mi" } }, true],
      ["same-pod-host-path", { hostPath: { path: "/srv/b/same-pod-host-path", type: "DirectoryOrCreate" } }, false],
    ] as const) {
      const { pods, samePods } = build({ scenarios: [id], bridge: "/srv/b" });
      assert.equal(pods.length, 1);
      const [{ pod }] = samePods as [(typeof samePods)[number]];
      assert.equal(pod.metadata.name, `fuse-${id}`);
      const { initContainers = [], containers, volumes } = pod.spec;
      assert.deepEqual(
        initContainers.map(({ name, restartPolicy, securityContext }) => [
          name,
          restartPolicy,
          securityContext.privileged,
        ]),
        [
          ["fuse-turn", undefined, false],
          ["fuse-sidecar", "Always", true],
        ],
      );
      assert.deepEqual(
        initContainers[1]?.volumeMounts?.map(({ mountPath, mountPropagation = "None" }) => [
          mountPath,
          mountPropagation,
        ]),
        [
          ["/bridge", "Bidirectional"],
          ...(store ? [["/store", "Bidirectional"]] : []),
          ["/probe", "None"],
          ["/findings", "None"],
          ["/pod", "None"],
        ],
      );
      assert.deepEqual(
        containers.map(({ name, securityContext, volumeMounts }) => [
          name,
          securityContext.privileged,
          ...(volumeMounts ?? []).map(({ mountPath, mountPropagation = "None" }) => `${mountPath} ${mountPropagation}`),
        ]),
        [
          ["fuse-control", "None"],
          ["fuse-consumer", "HostToContainer"],
          ["fuse-consumer-hardened", "HostToContainer"],
        ].map(([name, propagation]) => [name, false, `/bridge ${propagation}`, "/probe None", "/findings None"]),
      );
      assert.deepEqual(
        volumes.find(({ name }) => name === "bridge"),
        { name: "bridge", ...volume },
      );
      assert.deepEqual(
        volumes.filter((one) => one.name === "store"),
        store ? [{ name: "store", hostPath: { path: `/srv/b/${id}`, type: "DirectoryOrCreate" } }] : [],
      );
    }
  });

  it("have a hardened reader: no user, no capability, no writable root", () => {
    const hardened = only().consumer.spec.containers.find(({ name }) => name === "fuse-consumer-hardened");
    assert.deepEqual(hardened?.securityContext, {
      privileged: false,
      allowPrivilegeEscalation: false,
      seccompProfile: { type: "RuntimeDefault" },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: 65534,
      runAsGroup: 65534,
      capabilities: { drop: ["ALL"] },
    });
  });

  it("pull the other pod's image first, where it is another", () => {
    assert.equal(only().producer.spec.initContainers, undefined);
    const { producer, consumer } = only({ producerImage: "a:1", consumerImage: "b:1" });
    assert.deepEqual(
      producer.spec.initContainers?.map(({ image }) => image),
      ["b:1"],
    );
    assert.deepEqual(
      consumer.spec.initContainers?.map(({ image }) => image),
      ["a:1"],
    );
  });

  it("say nothing of a daemon of one's own where there is none", () => {
    for (const { spec } of both(only()))
      for (const { env } of spec.containers)
        assert.ok(!env?.some(({ name }) => name === "COMMAND" || name === "MARKER_FILE"));
  });

  it("hand over a command as it is, past Kubernetes and Flux, to the producer alone, and the marker's file to everyone", () => {
    const command = 'echo $$ $(id -u) $HOME; exec my-daemon "$MOUNT"';
    const { producer, consumer } = only({ driver: "command", command, markerFile: "a/version.txt" });
    assert.deepEqual(valuesOf("COMMAND", producer), ['echo $$$ $$(id -u) $HOME; exec my-daemon "$MOUNT"']);
    assert.deepEqual(valuesOf("COMMAND", consumer), []);
    assert.deepEqual(valuesOf("DRIVER", producer), ["command"]);
    assert.deepEqual(valuesOf("MARKER_FILE", producer), ["a/version.txt"]);
    assert.deepEqual(valuesOf("MARKER_FILE", consumer), Array(consumer.spec.containers.length).fill("a/version.txt"));
    assert.equal(producer.metadata.annotations?.["kustomize.toolkit.fluxcd.io/substitute"], "disabled");
  });

  it("give every pod the time that a busy node may stretch its schedule by", () => {
    const stretch = /^: "\$\{STRETCH:=(\d+)\}"$/m.exec(scripts["lib.sh"] ?? "")?.[1];
    assert.equal(STRETCH, Number(stretch));
    const settings = parseSettings({ nodes: ["k3s-w2"], scenarios: ["all"], inspectionMinutes: 1, holdSeconds: 20 });
    const { pods } = bundle(settings, scripts);
    for (const { producer, consumer, scenario, schedule } of pods) {
      const { turnSeconds } = schedule;
      const seconds = (name: string) => Number(valuesOf(name, producer)[0]);
      const steps = ["SETTLE", "HOLD", "STALE", "RECOVER"].map((part) => seconds(`${part}_SECONDS`));
      const longest = turnSeconds + steps.reduce((sum, one) => sum + one) * STRETCH;
      for (const { spec } of [producer, consumer])
        assert.ok(spec.activeDeadlineSeconds > longest, producer.metadata.name);
      // A reader's own window is stretched as the schedule is; that of the base pair is the operator's, and is not.
      const window = Number(valuesOf("INSPECT_SECONDS", consumer)[0]) * (scenario ? STRETCH : 1);
      assert.ok(turnSeconds + window >= longest, consumer.metadata.name);
      assert.ok(planOf(settings).deadlineSeconds > longest);
    }
  });

  it("sweep without privileges, except to unmount", () => {
    const settings = parseSettings({ nodes: ["k3s-w2"] });
    const check = sweepPod(settings, "k3s-w2", "check", "true");
    assert.deepEqual(check.spec.volumes, [{ name: "bridge", hostPath: { path: "/tmp", type: "DirectoryOrCreate" } }]);
    const { privileged, capabilities, readOnlyRootFilesystem } = check.spec.containers[0]?.securityContext ?? {};
    assert.deepEqual([privileged, capabilities, readOnlyRootFilesystem], [false, { drop: ["ALL"] }, true]);
    const unmount = sweepPod(settings, "k3s-w2", "unmount", "true", 1764000000);
    const dated = sweepPod(settings, "k3s-w2", "check", "true", 1764000000);
    assert.deepEqual(
      [check, unmount, dated].map((pod) => valuesOf("SINCE", pod)),
      [[], [], ["1764000000"]],
    );
    assert.deepEqual(unmount.spec.volumes, [
      { name: "bridge", hostPath: { path: "/tmp/fuse-test-bridge", type: "DirectoryOrCreate" } },
    ]);
    assert.equal(unmount.spec.containers[0]?.volumeMounts?.[0]?.mountPropagation, "Bidirectional");
  });
});
