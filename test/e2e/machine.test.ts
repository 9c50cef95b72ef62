import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "../../base/identity.ts";
import { processesOf, readRecord } from "../../sandbox/cluster/record.ts";
import { machineResidue, node, onNode, type SandboxDocument, sandboxDown, succeeded } from "./sandbox.ts";

describe("a virtual machine as the node k3s-w2", () => {
  before(sandboxDown);
  after(sandboxDown);

  it("runs its containers with crun, and leaves nothing on this machine where everything is killed", async () => {
    const { stdout } = succeeded(
      await node("sandbox/main.ts", ["up", "--machine", "vm", "--runtime", "crun", "--json"]),
    );
    const cluster = JSON.parse(stdout) as SandboxDocument;
    assert.deepEqual(cluster.nodes, ["k3s-w1", "k3s-w2"]);
    // By what it keeps of each container that it runs, this one among them: crun a file `status`, runc one `state.json`.
    const kept = await onNode(cluster, "k3s-w2", "ls /host/*", "None", "/run/containerd/runc/k8s.io");
    assert.match(kept, /^status$/m);
    assert.doesNotMatch(kept, /^state\.json$/m);
    const record = readRecord();
    assert.ok(record);
    const all = processesOf(record);
    const emulator = all.find(({ name }) => name === "k3s-w2 machine")?.process.pid;
    assert.match(readFileSync(`/proc/${emulator}/cmdline`, "utf8"), /\0qemu-system-x86_64\0/);
    for (const { process: one } of all) if (isAlive(one)) process.kill(one.pid, "SIGKILL");
    for (let waited = 0; all.some(({ process: one }) => isAlive(one)) && waited < 20; waited++) await sleep(500);
    await sandboxDown();
    assert.deepEqual(await machineResidue(), []);
  });
});
