import assert from "node:assert/strict";
import { killedRun, onW2 } from "./killed.ts";
import {
  cli,
  kubectl,
  leaveSandbox,
  onNode,
  type SandboxDocument,
  type StartDocument,
  sandbox,
  start,
  succeeded,
  tableOfNode,
} from "./sandbox.ts";

const READERS = ["default", "hardened"] as const;
const WAYS = ["deleted", "forced", "kubelet", "runtime"];

describe("a producer's pod that is replaced", () => {
  let cluster: SandboxDocument;
  before(async () => {
    cluster = await sandbox();
  });
  after(leaveSandbox);

  it("in order, by force, and after a restart of the kubelet and of the runtime, gives its readers back each time", async () => {
    const before = tableOfNode().length;
    const stacked = watchMounts();
    const { document, stderr } = await start([
      ...onW2(cluster),
      ...["--scenario", "daemon-crash", "producer-replaced", "kubelet-restart", "runtime-restart"],
    ]);
    const verdict = document?.nodes["k3s-w2"];
    assert.equal(verdict?.grade, "A", stderr);
    const { replacements } = verdict.timings;
    assert.deepEqual(
      replacements.map(({ way }) => way),
      WAYS,
    );
    for (const { way, left, readers } of replacements)
      for (const role of READERS) {
        const { errno = "none", outageMs, backMs, mountsAdded } = readers[role] ?? {};
        console.log(`      ${way} | ${role} saw ${errno} for ${outageMs} ms | back after ${backMs} ms | left ${left}`);
        assert.ok(backMs !== undefined && backMs < 5000, `${way} ${role}`);
        assert.equal(mountsAdded, 0, `${way} ${role}`);
      }
    assert.deepEqual(document?.residue, []);
    // The kernel's own count, on the node: there was never more than one at the mount point, and nothing has piled up.
    assert.equal(stacked(), 1);
    assert.equal(tableOfNode().length, before);
    assert.equal((await succeededKubectl(["get", "node", "k3s-w2", "-o", READY])).trim(), "True");
  });

  it("without whoever takes the dead mount away gets no grade A, and the dead mount is named", async () => {
    const { document, stderr } = await start([...onW2(cluster), "--set", "clearDeadMount=false"]);
    const verdict = document?.nodes["k3s-w2"];
    assert.deepEqual([verdict?.verdict, verdict?.grade], ["success", undefined], stderr);
    const [note] = verdict?.notes ?? [];
    assert.equal(note?.id, "daemon-not-back");
    assert.match(JSON.stringify(note?.evidence), /Transport endpoint is not connected/);
    assert.deepEqual(document?.residue, []);
  });

  it("is known to whoever asks again, without another replacement", async () => {
    succeeded(await started([...onW2(cluster), "--keep"]));
    const uid = () =>
      succeededKubectl(["get", "pod", "fuse-producer", "-n", "fuse-test", "-o", "jsonpath={.metadata.uid}"]);
    const before = await uid();
    const asked = ["--kubeconfig", cluster.kubeconfig, "--context", cluster.context, "--node", "k3s-w2"];
    const again = succeeded(await cli("collect", asked));
    const { nodes } = JSON.parse(again.stdout) as StartDocument;
    assert.equal(nodes["k3s-w2"]?.grade, "A", again.stderr);
    assert.equal(nodes["k3s-w2"]?.timings.replacements.length, 2);
    assert.equal(await uid(), before);
    succeeded(await cli("sweep", ["--stack", "homelab"]));
  });

  for (const words of [/is deleted in order, and made again/, /is deleted by force/])
    it(`is no harm to the next run where this one was killed as it ${words.source.replaceAll("\\", "")}`, async () => {
      await killedRun(onW2(cluster), words);
      const { document, stderr } = await start(onW2(cluster));
      assert.equal(document?.nodes["k3s-w2"]?.grade, "A", stderr);
      assert.deepEqual(document?.residue, []);
      assert.match(await onNode(cluster, "k3s-w2", "ls -d /host/fuse-test-bridge 2>&1 || true"), /No such file/);
    });

  const READY = "jsonpath={.status.conditions[?(@.type=='Ready')].status}";
  const succeededKubectl = async (args: readonly string[]) => succeeded(await kubectl(cluster, args)).stdout;
  const started = async (args: readonly string[]) => {
    const result = await start(args);
    assert.equal(result.document?.nodes["k3s-w2"]?.grade, "A", result.stderr);
    return result;
  };
});

/** @returns ends it, and tells how many mounts the node had at the mount point at most */
function watchMounts(): () => number {
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, tableOfNode().filter((line) => line.includes(" /tmp/fuse-test-bridge/fuse ")).length);
  }, 100);
  return () => {
    clearInterval(timer);
    return most;
  };
}
