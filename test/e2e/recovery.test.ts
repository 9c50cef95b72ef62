import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { prefix } from "../../sandbox/box/cgroups.ts";
import {
  cli,
  machineResidue,
  onNode,
  type SandboxDocument,
  sandbox,
  sandboxDown,
  start,
  tableOfNode,
} from "./sandbox.ts";

describe("a run that was killed", () => {
  afterEach(async () => {
    await sandboxDown();
    assert.deepEqual(await machineResidue(), []);
  });

  it("is followed by one that takes its dead mount away and ends in the right verdict", async () => {
    const cluster = await sandbox();
    // The producer's first process dies without a chance to unmount, and the kernel ends its daemon with it.
    await killedRun(onW2(cluster), () => killAll(/^sh \/probe\/producer\.sh/));
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
    await killedRun(args, () => killAll(/^sh \/probe\/producer\.sh/), all);
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

  it("with its sandbox is followed by one that starts anew and leaves nothing", async () => {
    await killedRun([], () => {});
    const { document, stderr } = await start();
    assert.equal(document?.nodes["k3s-w2"]?.verdict, "success", stderr);
    assert.equal(document?.nodes["k3s-w1"]?.cause, "node-root-private");
  });
});

/** Told where the cluster is, so that `npm start` takes it for a cluster of the user's own and leaves it standing. */
const onW2 = ({ images, kubeconfig, context }: SandboxDocument) => [
  ...["--kubeconfig", kubeconfig, "--context", context, "--node", "k3s-w2"],
  ...["--set", `producerImage=${images.producer}`, `consumerImage=${images.producer}`],
];

/** Runs `npm start` until the producer has mounted, and what else is awaited, and kills it with its whole process group. */
async function killedRun(args: readonly string[], first: () => void, isThere = () => true): Promise<void> {
  const child = spawn(process.execPath, ["cli/main.ts", "start", ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  const gone = new Promise<void>((resolve) => child.on("close", () => resolve()));
  let stderr = "";
  const mounted = new Promise<void>((resolve) => {
    child.stderr.on("data", (data: Buffer) => {
      stderr += data.toString();
      if (/producer mounted/.test(stderr)) resolve();
    });
  });
  await Promise.race([mounted, gone]);
  assert.match(stderr, /producer mounted/);
  const from = performance.now();
  while (!isThere()) {
    assert.ok(performance.now() - from < 180_000, stderr);
    await sleep(100);
  }
  first();
  process.kill(-(child.pid ?? 0), "SIGKILL");
  await Promise.race([gone, sleep(2000)]);
}

/** Kills processes of the sandbox by what they run, each by its id. */
function killAll(command: RegExp): void {
  const found = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter(
      (pid) => read(pid, "cgroup").includes(`/${prefix}`) && command.test(read(pid, "cmdline").replaceAll("\0", " ")),
    );
  assert.notEqual(found.length, 0, `no process of the sandbox runs ${command}`);
  for (const pid of found)
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch (error) {
      // A shell's own children have its name, and some of them live for a moment only.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    // It has ended since it was listed.
    return "";
  }
}
