import assert from "node:assert/strict";
import type { Verdict } from "../../core/diagnosis/verdict.ts";
import { cli, kubectl, leaveSandbox, onNode, type SandboxDocument, sandbox, start, succeeded } from "./sandbox.ts";

/** A node that answers in seconds, whatever the cause: nothing here may wait for the marker's 30 s twice. */
const FAST = ["markerWaitSeconds=4", "collectSeconds=25"];

describe("diagnosis on the sandbox", () => {
  let cluster: SandboxDocument;
  before(async () => {
    cluster = await sandbox();
  });
  after(async () => {
    await leaveSandbox();
  });

  it("calls a plain file in the bridge hollow-success, never a success", async () => {
    const plant = "mkdir -p /host/fuse-test-bridge/fuse; echo 'run=x nonce=y' > /host/fuse-test-bridge/fuse/marker";
    await onNode(cluster, "k3s-w2", plant);
    // An image without the daemon: nothing is mounted, as in a test that only ever wrote plain files.
    const { verdict, residue } = await judged("k3s-w2", [`producerImage=${cluster.images.consumer}`]);
    assert.deepEqual([verdict?.verdict, verdict?.cause], ["inconclusive", "hollow-success"]);
    assert.match(JSON.stringify(verdict?.evidence), / \/bridge .* - tmpfs /, "the file system the marker really is on");
    assert.match(residue.join(), /k3s-w2: directory kept .*marker/, "a file that is not ours is reported, not deleted");
    assert.equal((await onNode(cluster, "k3s-w2", "cat /host/fuse-test-bridge/fuse/marker")).trim(), "run=x nonce=y");
    await onNode(cluster, "k3s-w2", "rm -r /host/fuse-test-bridge");
  });

  it("names an image that cannot be had", async () => {
    const { verdict } = await judged("k3s-w2", ["consumerImage=registry.invalid/none:1"]);
    assert.equal(verdict?.cause, "image-unavailable");
    assert.match(JSON.stringify(verdict?.evidence), /registry\.invalid\/none:1/);
  });

  it("names a node that does not exist", async () => {
    const { verdict, residue } = await judged("k3s-w9");
    assert.equal(verdict?.cause, "node-unavailable");
    assert.match(JSON.stringify(verdict?.evidence), /there is no node k3s-w9/);
    assert.deepEqual(residue, []);
  });

  it("names a taint that is not tolerated", async () => {
    const { verdict } = await judged("k3s-w2", ["tolerations=[]"]);
    assert.equal(verdict?.cause, "node-unavailable");
    assert.match(JSON.stringify(verdict?.evidence), /node\.longhorn\.io\/storage=enabled:NoSchedule/);
  });

  it("quotes the daemon's own words when it never mounts", async () => {
    const { verdict } = await judged("k3s-w2", [`producerImage=${cluster.images.consumer}`]);
    assert.equal(verdict?.cause, "producer-never-mounted");
    assert.match(JSON.stringify(verdict?.evidence), /rclone: not found/);
  });

  it("passes on that Pod Security refuses the pods", async () => {
    const namespace = {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "fuse-test", labels: { "pod-security.kubernetes.io/enforce": "baseline" } },
    };
    succeeded(await kubectl(cluster, ["apply", "-f", "-"], JSON.stringify(namespace)));
    const target = ["--kubeconfig", cluster.kubeconfig, "--node", "k3s-w2", "--set", ...images(), "collectSeconds=20"];
    const { code, stdout } = await cli("collect", target);
    await kubectl(cluster, ["delete", "namespace", "fuse-test"]);
    const report = JSON.parse(stdout) as { nodes: Record<string, Verdict> };
    assert.equal(code, 3);
    assert.equal(report.nodes["k3s-w2"]?.cause, "pod-security-denies");
    assert.match(JSON.stringify(report.nodes["k3s-w2"]?.evidence), /violates PodSecurity \\"baseline/);
  });

  const images = () => [`producerImage=${cluster.images.producer}`, `consumerImage=${cluster.images.producer}`];

  /** One run on one node, its images and settings the sandbox's but for the changes. */
  async function judged(name: string, changes: readonly string[] = []) {
    const { document, stderr } = await start([
      ...["--kubeconfig", cluster.kubeconfig, "--context", cluster.context, "--node", name],
      ...["--set", ...images(), ...FAST, ...changes],
    ]);
    assert.ok(document, stderr);
    return { verdict: document.nodes[name], residue: document.residue };
  }
});
