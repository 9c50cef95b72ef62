import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { mediaPod } from "./provoke.ts";
import {
  cli,
  kubectl,
  machineResidue,
  onNode,
  type SandboxDocument,
  sandbox,
  sandboxDown,
  start,
  succeeded,
} from "./sandbox.ts";

const BRIDGE = "/tmp/fuse-test-bridge";

describe("a bridge directory that somebody else uses", () => {
  let cluster: SandboxDocument;
  before(async () => {
    cluster = await sandbox();
  });
  afterEach(async () => {
    await kubectl(cluster, ["delete", "pod", "media", "-n", "default", "--ignore-not-found", "--wait=true"]);
    const clear = `umount -l /host/fuse-test-bridge/fuse; rm -r /host/fuse-test-bridge`;
    await onNode(cluster, "k3s-w2", `(${clear}) 2>/dev/null; true`, "Bidirectional");
  });
  after(async () => {
    await sandboxDown();
    assert.deepEqual(await machineResidue(), []);
  });

  it("keeps its living mount through a run and a sweep, which both tell it", async () => {
    const { producer } = cluster.images;
    const pod = JSON.stringify(mediaPod("default", BRIDGE, producer));
    succeeded(await kubectl(cluster, ["apply", "-f", "-"], pod));
    const film = () => onNode(cluster, "k3s-w2", "cat /host/fuse-test-bridge/fuse/film 2>&1 || true");
    while (!(await film()).includes("film")) await sleep(500);

    const run = await start(onW2(cluster));
    assert.equal(run.document?.nodes["k3s-w2"]?.cause, "bridge-in-use", run.stderr);
    assert.match(run.document?.residue.join() ?? "", /mount fuse\.rclone fuse-test-bridge\/fuse/);
    assert.equal((await film()).trim(), "film");

    const swept = await cli("sweep", onW2(cluster));
    assert.deepEqual([swept.code, /left: mount fuse\.rclone/.test(swept.stderr)], [1, true], swept.stderr);
    assert.equal((await film()).trim(), "film");
  });

  it("stays, with its empty directories, when it was there before the test", async () => {
    const old =
      "mkdir -p /host/fuse-test-bridge/films && touch -d '2020-01-01 00:00:00' /host/fuse-test-bridge/films /host/fuse-test-bridge";
    await onNode(cluster, "k3s-w2", old);
    const { document, stderr } = await start(onW2(cluster));
    assert.equal(document?.nodes["k3s-w2"]?.verdict, "success", stderr);
    assert.deepEqual(document.residue, [], stderr);
    assert.equal((await onNode(cluster, "k3s-w2", "ls -A /host/fuse-test-bridge")).trim(), "films");
  });
});

const onW2 = ({ images, kubeconfig, context }: SandboxDocument) => [
  ...["--kubeconfig", kubeconfig, "--context", context, "--node", "k3s-w2"],
  ...["--set", `producerImage=${images.producer}`, `consumerImage=${images.producer}`],
];
