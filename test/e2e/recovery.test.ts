import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { killAll, killedRun, onW2 } from "./killed.ts";
import { cli, machineResidue, onNode, sandbox, sandboxDown, start, tableOfNode } from "./sandbox.ts";

const MOUNTED = /producer mounted/;
/** A producer whose first process dies has no chance to unmount, and the kernel ends its daemon with it. */
const endProducers = () => killAll(/^sh \/probe\/producer\.sh/);

describe("a run that was killed", () => {
  afterEach(async () => {
    await sandboxDown();
    assert.deepEqual(await machineResidue(), []);
  });

  it("is followed by one that takes its dead mount away and ends in the right verdict", async () => {
    const cluster = await sandbox();
    await killedRun(onW2(cluster), MOUNTED, { first: endProducers });
    const dead = await onNode(cluster, "k3s-w2", "cat /host/fuse-test-bridge/fuse/marker 2>&1 || true");
    assert.match(dead, /not connected/, "the dead mount must be there for this test to mean anything");

    const { document, stderr } = await start(onW2(cluster));
    assert.equal(document?.nodes["k3s-w2"]?.verdict, "success", stderr);
    assert.deepEqual(document?.residue, []);
    assert.match(stderr, /an earlier run was not taken down/);
    assert.match(await onNode(cluster, "k3s-w2", "ls -d /host/fuse-test-bridge 2>&1 || true"), /No such file/);
  });

  it("amid many mounts, and beside a producer that cannot start again, leaves nothing after the next run", async () => {
    const cluster = await sandbox();
    const args = [...onW2(cluster), "--scenario", "leaf-restart", "many-mounts"];
    const all = () => tableOfNode().filter((line) => / \S+\/many-mounts\/fuse-\d+ /.test(line)).length > 10;
    await killedRun(args, MOUNTED, { first: endProducers, isThere: all });
    const left = tableOfNode().filter((line) => line.includes("/tmp/fuse-test-bridge/"));
    assert.ok(left.length > 10, left.join("\n"));
    const { document, stderr } = await start(onW2(cluster));
    assert.equal(document?.nodes["k3s-w2"]?.verdict, "success", stderr);
    assert.deepEqual(document?.residue, []);
    assert.deepEqual(
      tableOfNode().filter((line) => line.includes("/tmp/fuse-test-bridge")),
      [],
    );
  });

  it("by somebody else, leaving a dead mount, does not stop this one", async () => {
    const cluster = await sandbox();
    const script =
      "mkdir -p /host/fuse-test-bridge/fuse /tmp/source; rclone mount /tmp/source /host/fuse-test-bridge/fuse --daemon; killall -9 rclone";
    await onNode(cluster, "k3s-w2", script, "Bidirectional");
    assert.match(await onNode(cluster, "k3s-w2", "ls /host/fuse-test-bridge/fuse 2>&1 || true"), /not connected/);
    const { document, stderr } = await start(onW2(cluster));
    assert.equal(document?.nodes["k3s-w2"]?.verdict, "success", stderr);
    assert.match(stderr, /producer took away a stale mount/);
    assert.deepEqual(document?.residue, []);
  });

  it("in a cluster that is gone for good keeps its stack until it is forgotten", async () => {
    const cluster = await sandbox();
    const runs = process.env.FUSE_TEST_RUNS ?? "";
    for (const name of ["claims", "stacks/homelab"]) mkdirSync(join(runs, name), { recursive: true });
    const settings = { nodes: ["k3s-w2"], kubeconfig: join(runs, "gone") };
    const made = { kind: "cluster", settings };
    writeFileSync(join(runs, "claims/homelab.json"), JSON.stringify({ pid: process.pid, started: "1", made }));

    const refused = await start(onW2(cluster));
    assert.equal(refused.code, 2, refused.stderr);
    const remedy = "npm run sweep -- --stack homelab --forget";
    assert.ok(refused.stderr.includes(remedy), refused.stderr);
    const forgotten = await cli("sweep", ["--stack", "homelab", "--forget"]);
    assert.equal(forgotten.code, 0, forgotten.stderr);
    const { document, stderr } = await start(onW2(cluster));
    assert.equal(document?.nodes["k3s-w2"]?.verdict, "success", stderr);
  });

  it("with its sandbox is followed by one that starts again and leaves nothing", async () => {
    await killedRun([], MOUNTED);
    const { document, stderr } = await start();
    assert.equal(document?.nodes["k3s-w2"]?.verdict, "success", stderr);
    assert.equal(document?.nodes["k3s-w1"]?.cause, "node-root-private");
  });
});
