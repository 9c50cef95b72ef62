import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { PAIR_SCENARIOS } from "../../core/scenarios.ts";
import { machineResidue, type StartDocument, sandbox, sandboxDown, start } from "./sandbox.ts";

/** Eight turns of about twenty-five seconds, the base pair's own schedule before them, and the way up and down. */
const MOST_SECONDS = 480;

describe("every scenario on the sandbox", function () {
  this.timeout(900_000);
  let document: StartDocument;
  let seconds: number;
  let stuck: string[];

  before(async () => {
    const { kubeconfig, context, images } = await sandbox();
    const own = ["--kubeconfig", kubeconfig, "--context", context, "--node", "k3s-w2", "k3s-w1"];
    const set = ["--set", `producerImage=${images.producer}`, `consumerImage=${images.producer}`];
    const run = await start([...own, "--scenario", "all", ...set]);
    assert.ok(run.document, run.stderr);
    [document, seconds] = [run.document, run.seconds];
    stuck = uninterruptible();
  });
  after(async () => {
    await sandboxDown();
    assert.deepEqual(await machineResidue(), []);
  });

  const of = (id: string) => {
    const found = document.nodes["k3s-w2"]?.scenarios?.[id];
    assert.ok(found, `${id} has no verdict`);
    return found;
  };

  for (const { id, expected = "success" } of PAIR_SCENARIOS as readonly { id: string; expected?: string }[])
    it(`${id} ends in ${expected}, with evidence`, () => {
      const { cause, asExpected, finding, evidence } = of(id);
      console.log(`      ${finding}`);
      assert.deepEqual([cause, asExpected], [expected, true], JSON.stringify(of(id), undefined, 1));
      assert.ok(evidence.length > 0);
    });

  it("daemon-hang: reads time out, the abort frees them, and nothing is stuck", () => {
    const { readers } = of("daemon-hang").timings;
    for (const { stale, recoveredMs } of Object.values(readers)) {
      assert.equal(stale?.errno, "ETIMEDOUT");
      assert.ok(recoveredMs !== undefined);
    }
    assert.deepEqual(stuck, []);
  });

  it("consumer-restart: every reader was restarted and reads again; nobody else was", () => {
    for (const { restarted } of Object.values(of("consumer-restart").timings.readers)) assert.equal(restarted, true);
    for (const { restarted } of Object.values(of("producer-restart").timings.readers))
      assert.equal(restarted, undefined);
  });

  it("asks no scenario of a node where nothing crosses", () => {
    assert.equal(document.nodes["k3s-w1"]?.cause, "node-root-private");
    assert.equal(document.nodes["k3s-w1"]?.scenarios, undefined);
  });

  it(`is done within ${MOST_SECONDS} s, with grade A, and leaves nothing`, () => {
    console.log(`      ${seconds.toFixed(0)} s in all`);
    assert.equal(document.nodes["k3s-w2"]?.grade, "A");
    assert.deepEqual(document.residue, []);
    assert.ok(seconds < MOST_SECONDS, `${seconds} s`);
  });
});

/** Processes in state D, which no signal ends: what a hung FUSE daemon leaves behind. */
function uninterruptible(): string[] {
  return globSync("/proc/[0-9]*/stat").flatMap((file) => {
    try {
      const line = readFileSync(file, "utf8");
      const command = line.slice(line.indexOf("(") + 1, line.lastIndexOf(")"));
      // What waits for a disk is not ours; ours are shells and the tools of a probe.
      return line.slice(line.lastIndexOf(")") + 2).startsWith("D") &&
        /^(sh|ash|cat|stat|dd|timeout|rclone)$/.test(command)
        ? [command]
        : [];
    } catch {
      return [];
    }
  });
}
