/** No part of the gate: `npm run test:kills`. */
import assert from "node:assert/strict";
import { killAll, killedRun, onW2 } from "./killed.ts";
import { kubectl, machineResidue, sandbox, sandboxDown, start, succeeded, tableOfNode } from "./sandbox.ts";

/** By scenario: the words of its progress at which the run is killed. */
const AMID: Readonly<Record<string, RegExp>> = {
  oom: /oom {2}producer ran out of memory/,
  "sub-path": /sub-path {2}default ends, as a liveness probe/,
  "leaf-restart": /leaf-restart {2}producer dies/,
  "user-namespace": /user-namespace {2}default sees a dead mount/,
  "many-mounts": /many-mounts {2}default reads the marker/,
  "same-pod": /same-pod {2}producer dies/,
  "same-pod-memory": /same-pod-memory {2}the daemon's own files are there/,
  "same-pod-host-path": /same-pod-host-path {2}producer mounted .* \(mount 2\)/,
};

describe("a run that is killed amid a scenario", function () {
  this.timeout(1_200_000);
  after(async () => {
    await sandboxDown();
    assert.deepEqual(await machineResidue(), []);
  });

  const mountsOf = (path: string) => tableOfNode().filter((line) => line.includes(path));
  let cluster: Awaited<ReturnType<typeof sandbox>>;
  before(async () => {
    cluster = await sandbox();
  });

  for (const [id, words] of Object.entries(AMID))
    it(`${id}: the next run takes away what is left, and ends in grade A`, async () => {
      const before = tableOfNode().length;
      await killedRun([...onW2(cluster), "--scenario", id], words, {
        first: () => killAll(/^sh \/probe\/producer\.sh/),
      });
      const left = tableOfNode().length - before;
      const { document, stderr, seconds } = await start(onW2(cluster));
      assert.equal(document?.nodes["k3s-w2"]?.grade, "A", stderr);
      assert.deepEqual(document?.residue, []);
      assert.match(stderr, /an earlier run was not taken down/);
      assert.deepEqual(mountsOf("/tmp/fuse-test-bridge"), []);
      assert.equal(tableOfNode().length, before);
      const { stdout } = succeeded(await kubectl(cluster, ["get", "pods", "-A", "-o", "name"]));
      assert.equal(stdout.trim(), "");
      console.log(
        `      ${left} lines more in the node's mount table when it was killed; next run ${seconds.toFixed(0)} s`,
      );
    });
});
