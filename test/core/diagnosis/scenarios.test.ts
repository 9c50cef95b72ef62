/**
 * What scenarios have found on real kubelets, judged again: `test/fixtures/scenarios/NAME.json` is the evidence of one pair, as
 * `npm run collect -- --evidence FILE` writes it.
 */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { scenarioOf } from "../../../core/contract/scenarios.ts";
import { scenarioVerdict } from "../../../core/diagnosis/answer.ts";
import { judge } from "../../../core/diagnosis/verdict.ts";
import type { Evidence, PodFact } from "../../../core/evidence/evidence.ts";

const FOLDER = join(import.meta.dirname, "..", "..", "fixtures", "scenarios");
const files = globSync("*.json", { cwd: FOLDER }).map((file) => basename(file, ".json"));
const recorded = (id: string) => JSON.parse(readFileSync(join(FOLDER, `${id}.json`), "utf8")) as Evidence;
const found = (id: string, given: Evidence) => {
  const verdict = judge(given);
  assert.ok(verdict);
  return scenarioVerdict(id, verdict);
};

describe("a scenario in recorded evidence", () => {
  for (const id of files) {
    it(`${id}: ends as it is meant to`, () => {
      const { cause, asExpected, finding } = found(id, { ...recorded(id), final: true });
      const scenario = scenarioOf(id);
      assert.deepEqual([cause, asExpected, finding], [scenario?.expected ?? "success", true, scenario?.yes]);
    });

    it(`${id}: has no other cause on the way there`, () => {
      const given = recorded(id);
      const records = given.records.toSorted((a, b) => a.uptime - b.uptime);
      const said = records.map(
        (_, known) => judge({ ...given, records: records.slice(0, known), final: false })?.cause,
      );
      const expected = scenarioOf(id)?.expected ?? "success";
      assert.deepEqual(
        [...new Set(said)].filter((cause) => cause !== undefined && cause !== expected),
        [],
      );
    });
  }

  it("sub-path: is not answered where a reader ended before the daemon was back", () => {
    const given = recorded("sub-path");
    const [, second] = given.records.filter(({ step, result }) => step === "mount" && result === "ok");
    const records = given.records.map((one) =>
      one.step === "restart" ? { ...one, uptime: (second?.uptime ?? 0) - 0.1 } : one,
    );
    const { cause, asExpected, finding } = found("sub-path", { ...given, records, final: true });
    assert.deepEqual([cause, asExpected], ["consumer-binds-mountpoint", false]);
    assert.match(finding, /^Not answered: a reader was not to be made again/);
  });

  it("oom: is not answered where the kubelet says anything else of the container's end", () => {
    const given = recorded("oom");
    const ended = (reason: string): PodFact[] =>
      given.pods.map((pod) => ({
        ...pod,
        containers: pod.containers.map((one) => (one.last ? { ...one, last: { ...one.last, reason } } : one)),
      }));
    const { asExpected, finding } = found("oom", { ...given, pods: ended("Error"), final: true });
    assert.equal(asExpected, false);
    assert.match(finding, /^Not answered: the kubelet does not say/);
  });
});
