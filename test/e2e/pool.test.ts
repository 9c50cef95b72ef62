import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { kubectl, leaveSandbox, onNode, type SandboxDocument, sandbox, start, succeeded } from "./sandbox.ts";

const POOL = "pool-of-disks";

/** A pod that keeps a FUSE file system at the node's /tmp/fuse-pool, as mergerfs or shfs do on a homelab's node. */
const pool = (image: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: POOL, namespace: "default" },
  spec: {
    nodeName: "k3s-w2",
    restartPolicy: "Never",
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: "pool",
        image,
        command: [
          "sh",
          "-c",
          "mkdir -p /host/fuse-pool /host/fuse-disks && exec bindfs -f /host/fuse-disks /host/fuse-pool",
        ],
        securityContext: { privileged: true },
        readinessProbe: {
          exec: { command: ["grep", "-q", " /host/fuse-pool .* - fuse", "/proc/self/mountinfo"] },
          periodSeconds: 1,
        },
        volumeMounts: [{ name: "tmp", mountPath: "/host", mountPropagation: "Bidirectional" }],
      },
    ],
    volumes: [{ name: "tmp", hostPath: { path: "/tmp" } }],
  },
});

describe("a bridge that lies on a FUSE file system of the node", () => {
  let cluster: SandboxDocument;
  before(async () => {
    cluster = await sandbox();
    succeeded(await kubectl(cluster, ["apply", "-f", "-"], JSON.stringify(pool(cluster.images.producer))));
    succeeded(await kubectl(cluster, ["wait", "pod", POOL, "--for=condition=Ready", "--timeout=60s"]));
  });
  after(async () => {
    await kubectl(cluster, ["delete", "pod", POOL, "--wait=true"]);
    await sleep(500);
    const tidy =
      "cd /host; { umount -l fuse-pool; rmdir fuse-pool fuse-disks; } 2>/dev/null; ls | grep -E '^fuse-(pool|disks)$'; true";
    const left = await onNode(cluster, "k3s-w2", tidy, "Bidirectional");
    await leaveSandbox();
    assert.equal(left.trim(), "");
  });

  it("is not taken for the daemon's mount: success, grade A, and nothing of the test in it", async () => {
    const { document, stderr } = await start([
      ...["--kubeconfig", cluster.kubeconfig, "--context", cluster.context, "--node", "k3s-w2", "--set"],
      ...[`producerImage=${cluster.images.producer}`, `consumerImage=${cluster.images.producer}`],
      "bridge=/tmp/fuse-pool/bridge",
    ]);
    const verdict = document?.nodes["k3s-w2"];
    assert.deepEqual([verdict?.verdict, verdict?.cause, verdict?.grade], ["success", "success", "A"], stderr);
    const quoted = JSON.stringify(verdict?.evidence);
    assert.match(quoted, / \/bridge\/fuse rw[^"]* - fuse\.rclone /);
    assert.match(
      quoted,
      / \/bridge ro[^"]* - fuse \/host\/fuse-disks /,
      "the control is on the bridge, which is FUSE itself",
    );
    for (const { stale } of Object.values(verdict?.timings.readers ?? {}))
      assert.match(stale?.errno ?? "", /^ENOTCONN|ECONNABORTED$/);
    assert.deepEqual(document?.residue, []);
    assert.equal((await onNode(cluster, "k3s-w2", "find /host/fuse-disks -mindepth 1")).trim(), "");
  });
});
