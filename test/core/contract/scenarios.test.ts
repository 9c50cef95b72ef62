import assert from "node:assert/strict";
import fc from "fast-check";
import { chosen, DEFAULT_SCENARIOS, PAIR_SCENARIOS, SCENARIOS } from "../../../core/contract/scenarios.ts";
import { MANY_MOUNTS } from "../../../core/contract/variation.ts";
import { bundle } from "../../../core/manifests/index.ts";
import { planOf, scenariosIn } from "../../../core/plan/plan.ts";
import { allowedBy, assertIsolated } from "../../../core/rules/index.ts";
import { parseSettings, SettingsError } from "../../../core/settings/settings.ts";
import { scenariosFault } from "../../../core/settings/validators.ts";
import { probeScripts } from "../../../probe/scripts.ts";

const ALL = SCENARIOS.map(({ id }) => id);
const settings = (scenarios: readonly string[], nodes = ["k3s-w2"]) =>
  parseSettings({ nodes, scenarios: [...scenarios] });
const podsOf = (scenarios: readonly string[]) => bundle(settings(scenarios), probeScripts()).pods;
const podOf = (id: string, kind: "producer" | "consumer") => {
  const found = podsOf(["all"]).find(({ scenario }) => scenario?.id === id)?.[kind];
  assert.ok(found);
  return found;
};
const environment = (pod: ReturnType<typeof podOf>) =>
  Object.fromEntries(pod.spec.containers[0]?.env?.map(({ name, value }) => [name, value]) ?? []);

/** What a pair takes to start, in seconds: see core/plan/schedule.ts. */
const START = 6;

describe("scenarios", () => {
  const asked: readonly (readonly [list: readonly string[], expected: readonly string[]])[] = [
    [[], ["propagation"]],
    // Of what was found, and not of the node: it is asked by its name alone, and brings what decides which recipe it is.
    [["all"], ALL.filter((id) => id !== "recipe")],
    [["recipe"], ["propagation", "daemon-crash", "producer-replaced", "recipe"]],
    [["all", "recipe"], ALL],
    [["all", "!recipe"], ALL.filter((id) => id !== "recipe")],
    [["empty-dir"], ["propagation", "empty-dir"]],
    [
      ["slow-mount", "daemon-crash"],
      ["propagation", "daemon-crash", "slow-mount"],
    ],
    [["!permissions"], ["propagation", "daemon-crash", "producer-replaced"]],
    [["all", "!daemon-hang"], ALL.filter((id) => id !== "daemon-hang" && id !== "recipe")],
    [["empty-dir", "!empty-dir"], ["propagation"]],
  ];
  for (const [list, expected] of asked)
    it(`${JSON.stringify(list)} asks for ${expected.length}`, () => assert.deepEqual(chosen(list), expected));

  it("are chosen in one order, each once, and never without the propagation", () => {
    const entry = fc.constantFrom("all", ...ALL, ...ALL.map((id) => `!${id}`));
    fc.assert(
      fc.property(fc.array(entry), (list) => {
        const names = chosen(list);
        assert.ok(names.includes("propagation"));
        assert.deepEqual(
          names,
          ALL.filter((id) => names.includes(id)),
        );
        for (const id of ALL) if (id !== "propagation" && list.includes(`!${id}`)) assert.ok(!names.includes(id));
      }),
    );
  });

  it("are the base pair's own by default: nothing waits for a turn", () => {
    assert.deepEqual(chosen(settings(DEFAULT_SCENARIOS).scenarios), [
      "propagation",
      "daemon-crash",
      "producer-replaced",
      "permissions",
    ]);
    const given = settings(DEFAULT_SCENARIOS);
    assert.equal(planOf(given).deadlineSeconds, given.collectSeconds);
  });

  it("have no matrix where the daemon serves a file system of its own", () => {
    const own = parseSettings({ nodes: ["n"], driver: "command", command: "d", markerFile: "version.txt" });
    assert.deepEqual(scenariosIn(own), ["propagation", "daemon-crash", "producer-replaced"]);
    assert.ok(!scenariosIn({ ...own, scenarios: ["all"] }).includes("many-mounts"));
    const names = bundle(own, probeScripts()).pods.flatMap(({ consumer }) =>
      consumer.spec.containers.map(({ name }) => name),
    );
    assert.ok(!names.includes("fuse-consumer-user"));
  });

  it("name the entry that is wrong, and the remedy", () => {
    assert.equal(scenariosFault(["all", "!empty-dir"]), undefined);
    assert.deepEqual(scenariosFault(["all", "emty-dir"]), { index: 1, remedy: "did you mean empty-dir?" });
    assert.match(scenariosFault(["!propagation"])?.remedy ?? "", /leave it out/);
    assert.throws(
      () => settings(["late-consumers"]),
      (error: unknown) =>
        error instanceof SettingsError &&
        error.message.includes('scenarios[0] = "late-consumers": did you mean late-consumer?'),
    );
  });

  it("with pods of their own take turns, on every node: none mounts before the one before is through its fault", () => {
    const all = settings(["all"], ["a", "b"]);
    for (const node of all.nodes) {
      const turns = planOf(all).pairs.filter((pair) => pair.node === node);
      assert.equal(turns.length, 1 + PAIR_SCENARIOS.length);
      for (const [index, { scenario, schedule }] of turns.entries()) {
        const next = turns[index + 1];
        if (!scenario || !next) continue;
        // Those with a sidecar mostly wait for the kubelet, and only start one after the other; so do others after them.
        const waits = scenario.pair.samePod || scenario.id === "unmount-at-start";
        const isOver = scenario.id === "leaf-restart" ? 12 : 0;
        const least = schedule.turnSeconds + (waits ? 5 : schedule.busySeconds - START - isOver);
        const mounts = next.schedule.turnSeconds + (waits ? 0 : Number(next.schedule.producer.SETTLE_SECONDS));
        assert.ok(mounts >= least, next.scenario?.id);
      }
    }
  });

  it("keep every isolation rule, each with a directory of its own below the bridge, or none", () => {
    const pods = podsOf(["all"]);
    assertIsolated(
      bundle(settings(["all"]), {}).samePods.map(({ pod }) => pod),
      allowedBy(settings(["all"])),
    );
    assertIsolated(
      pods.flatMap(({ producer, consumer }) => [producer, consumer]),
      allowedBy(settings(["all"])),
    );
    for (const { scenario, producer, consumer } of pods) {
      const [one, other] = [producer, consumer].map(({ spec }) => spec.volumes[0]);
      if (scenario?.pair.layout !== "producer-leaf") assert.deepEqual(one, other);
      const hostUsers = scenario?.pair.userNamespace ? false : undefined;
      assert.deepEqual([producer.spec.hostUsers, consumer.spec.hostUsers], [undefined, hostUsers]);
      const path = scenario ? `/tmp/fuse-test-bridge/${scenario.id}` : "/tmp/fuse-test-bridge";
      if (scenario?.id === "empty-dir") assert.ok(one && "emptyDir" in one);
      else assert.deepEqual(other, { name: "bridge", hostPath: { path, type: "DirectoryOrCreate" } });
    }
  });

  it("end by themselves, are restarted only where that is the question, and never gate a deployment's health", () => {
    for (const { scenario, producer, consumer } of podsOf(["all"]).filter((pair) => pair.scenario)) {
      const ends = ["producer-restart", "oom", "leaf-restart"].includes(scenario?.id ?? "");
      assert.equal(producer.spec.restartPolicy, ends ? "OnFailure" : "Never");
      const again = ["consumer-restart", "sub-path"].includes(scenario?.id ?? "");
      assert.equal(consumer.spec.restartPolicy, again ? "OnFailure" : "Never");
      for (const container of consumer.spec.containers) assert.equal(container.startupProbe, undefined);
      assert.equal(environment(producer).AFTERWARDS, "end");
      assert.equal(environment(consumer).AFTERWARDS, "end");
    }
  });

  it("change what they are named for", () => {
    const mountPath = (id: string, kind: "producer" | "consumer") =>
      podOf(id, kind).spec.containers[0]?.volumeMounts?.[0]?.mountPath;
    const awaits = (id: string) =>
      podOf(id, "consumer")
        .spec.initContainers?.find(({ name }) => name === "fuse-turn")
        ?.env?.find(({ name }) => name === "AWAIT")?.value;
    assert.equal(environment(podOf("daemon-hang", "producer")).FAULT, "hang");
    assert.equal(environment(podOf("producer-restart", "producer")).FAULT, "die");
    assert.deepEqual(
      [environment(podOf("oom", "producer")).FAULT, environment(podOf("oom", "producer")).MEMORY_MIB],
      ["oom", "256"],
    );
    assert.equal(environment(podOf("producer-restart", "producer")).MEMORY_MIB, undefined);
    assert.deepEqual(
      ["consumer-restart", "sub-path", "late-consumer"].map((id) => {
        const { RESTART, RESTART_SECONDS } = environment(podOf(id, "consumer"));
        return [RESTART, RESTART_SECONDS];
      }),
      [
        ["yes", undefined],
        ["yes", "5"],
        [undefined, undefined],
      ],
    );
    const many = podOf("many-mounts", "producer");
    assert.deepEqual(
      [environment(many).MOUNTS, environment(podOf("many-mounts", "consumer")).MOUNTS],
      [String(MANY_MOUNTS), String(MANY_MOUNTS)],
    );
    // The twenty daemons must fit in it.
    assert.equal(many.spec.containers[0]?.resources.limits.memory, "480Mi");
    assert.equal(podOf("slow-mount", "producer").spec.containers[0]?.resources.limits.memory, "256Mi");
    assert.equal(environment(podOf("slow-mount", "producer")).DELAY_SECONDS, "3");
    assert.equal(environment(podOf("unmount-at-start", "producer")).UNMOUNT_AT_START, "yes");
    assert.deepEqual(
      [mountPath("parent-vs-leaf", "producer"), mountPath("parent-vs-leaf", "consumer")],
      ["/bridge/fuse", "/bridge/fuse"],
    );
    assert.equal(mountPath("late-consumer", "consumer"), "/bridge");
    const subPaths = (kind: "producer" | "consumer") =>
      podOf("sub-path", kind).spec.containers.map(({ volumeMounts = [] }) => volumeMounts[0]?.subPath);
    assert.deepEqual(
      [mountPath("sub-path", "consumer"), subPaths("consumer")],
      ["/bridge/fuse", ["fuse", "fuse", "fuse"]],
    );
    assert.deepEqual([mountPath("sub-path", "producer"), subPaths("producer")], ["/bridge", [undefined]]);
    assert.deepEqual(["late-consumer", "parent-vs-leaf", "sub-path", "slow-mount"].map(awaits), [
      "/bridge/late-consumer/fuse",
      "/bridge/parent-vs-leaf",
      "/bridge/sub-path/fuse",
      undefined,
    ]);
  });
});
