import assert from "node:assert/strict";
import { PAIR_SCENARIOS } from "../../../core/contract/scenarios.ts";
import { deadlineFaults } from "../../../core/plan/deadlines.ts";
import { planOf } from "../../../core/plan/plan.ts";
import { STRETCH } from "../../../core/plan/schedule.ts";
import { parseSettings, type SettingsInput } from "../../../core/settings/settings.ts";

const settings = (more: Partial<SettingsInput> = {}) => parseSettings({ nodes: ["a"], ...more });
const pairOf = (id: string, more: Partial<SettingsInput> = {}) => {
  const found = planOf(settings({ scenarios: ["all"], ...more })).pairs.find(({ scenario }) => scenario?.id === id);
  assert.ok(found);
  return found;
};

describe("the plan", () => {
  it("has on each node the base pair and one for each scenario of its own, with the names of their pods", () => {
    const { pairs, scenarios } = planOf(settings({ nodes: ["a", "b"], scenarios: ["empty-dir", "late-consumer"] }));
    assert.deepEqual(scenarios, ["propagation", "late-consumer", "empty-dir"]);
    assert.deepEqual(
      pairs.map(({ names }) => names.producer),
      ["a", "b"].flatMap((node) => [
        `fuse-producer-${node}`,
        `fuse-producer-late-consumer-${node}`,
        `fuse-producer-empty-dir-${node}`,
      ]),
    );
  });

  it("has the base pair's daemon killed, and its matrix, only where that is asked", () => {
    const [asked] = planOf(settings()).pairs;
    const [plain] = planOf(settings({ scenarios: ["propagation"] })).pairs;
    assert.deepEqual([asked?.variation.fault, asked?.permissions], ["crash", true]);
    assert.deepEqual([plain?.variation.fault, plain?.permissions], ["none", false]);
  });

  it("holds, waits and decides as long as a scenario takes", () => {
    const usual = pairOf("producer-restart").schedule;
    const hold = (id: string) => Number(pairOf(id).schedule.producer.HOLD_SECONDS);
    assert.ok(hold("late-consumer") > hold("producer-restart"));
    assert.equal(hold("slow-mount"), hold("producer-restart") + 3);
    assert.ok(
      Number(pairOf("consumer-restart").schedule.producer.RECOVER_SECONDS) > Number(usual.producer.RECOVER_SECONDS),
    );
    assert.equal(pairOf("daemon-hang", { probeSeconds: 9 }).schedule.producer.STALE_SECONDS, 11);
    for (const { id } of PAIR_SCENARIOS) {
      const { schedule } = pairOf(id, { markerWaitSeconds: 600 });
      assert.ok(Number(schedule.consumer.MARKER_WAIT_SECONDS) < Number(schedule.consumer.WATCH_SECONDS), id);
    }
  });

  it("waits for the last turn on a busy node, and for the collector's own patience beside", () => {
    const given = settings({ scenarios: ["all"], collectSeconds: 60 });
    const { pairs, deadlineSeconds } = planOf(given);
    const ends = pairs
      .filter(({ scenario }) => scenario)
      .map(({ schedule: { turnSeconds, busySeconds } }) => turnSeconds + busySeconds * STRETCH);
    assert.equal(deadlineSeconds, 60 + Math.max(...ends));
  });

  it("gives readers their lead over the producer, also where a pair is the only one, and the base pair is soon through", () => {
    for (const { id } of PAIR_SCENARIOS) {
      const { turnSeconds, leadSeconds } = pairOf(id, { scenarios: [id], settleSeconds: 0 }).schedule;
      assert.ok(turnSeconds >= leadSeconds, `${id}: ${turnSeconds}`);
    }
  });

  it("lets the pods with a sidecar wait for the kubelet together, and others work meanwhile", () => {
    const turn = (id: string) => pairOf(id, { scenarios: ["all"] }).schedule.turnSeconds;
    const busy = (id: string) => pairOf(id, { scenarios: ["all"] }).schedule.busySeconds;
    assert.ok(turn("same-pod-memory") - turn("same-pod") < 10);
    const own = busy("producer-restart");
    // The pods' start, and until their producer has settled.
    const overlap = 6 + Number(pairOf("daemon-hang", { scenarios: ["all"] }).schedule.producer.SETTLE_SECONDS);
    assert.equal(turn("daemon-hang"), turn("same-pod-host-path") + own - overlap);
    assert.ok(busy("same-pod") > own + 40);
    assert.ok(turn("same-pod") >= turn("empty-dir") + busy("empty-dir") - overlap);
  });

  it("keeps the base pair for the whole inspection", () => {
    const [base] = planOf(settings({ inspectionMinutes: 30 })).pairs;
    assert.equal(base?.schedule.totalSeconds, 1800);
    assert.equal(base?.schedule.both.INSPECT_SECONDS, 1800);
  });

  it("says which times contradict each other, by the parts of the schedule", () => {
    const fine = settings();
    assert.deepEqual(deadlineFaults(fine), []);
    const [fault] = deadlineFaults({ ...fine, collectSeconds: 12 });
    assert.equal(fault?.key, "collectSeconds");
    assert.match(
      fault?.remedy ?? "",
      /12 s of the schedule, settleSeconds = 3 \+ holdSeconds = 3 .*\+ recoverSeconds = 4: give more than 12/,
    );
    assert.deepEqual(deadlineFaults({ ...fine, scenarios: ["propagation"], collectSeconds: 12 }), []);
  });
});
