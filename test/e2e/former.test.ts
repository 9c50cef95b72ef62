/**
 * The fragment that a success printed before there was a recipe, through the same faults: what the recipe is better at, and what not. It runs only where
 * it is named: minutes, for what does not change.
 */
import assert from "node:assert/strict";
import { until } from "../until.ts";
import { Drill, MEMORY, NAMESPACE, NODE, type Outcome, PATH, POINT, printTable, readerDeployment } from "./drill.ts";
import { kubectl, leaveSandbox, type SandboxDocument, sandbox, succeeded } from "./sandbox.ts";

describe("the fragment that was printed before there was a recipe", function () {
  this.timeout(1_200_000);
  let cluster: SandboxDocument;
  let drill: Drill;
  const outcomes: Outcome[] = [];

  before(async () => {
    cluster = await sandbox();
    drill = new Drill(cluster);
  });
  after(async () => {
    printTable("the former fragment", outcomes);
    await kubectl(cluster, ["delete", "namespace", NAMESPACE, "--ignore-not-found"]);
    await drill.clear();
    await leaveSandbox();
  });

  let left = 0;
  const deploy = async () => {
    await kubectl(cluster, ["delete", "namespace", NAMESPACE, "--ignore-not-found"]);
    left += await drill.clear();
    const objects = formerFragment(cluster.images.producer);
    succeeded(
      await kubectl(cluster, ["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects })),
    );
    await drill.kubectl("-n", NAMESPACE, "rollout", "status", "deployment/media", "deployment/reader", "--timeout=60s");
    await until(
      () => drill.said(),
      (said) => Object.values(said).every((lines) => lines.at(-1)?.state === "ok/ok"),
    );
  };

  it("which leaves readers without the mount where the daemon hangs, or is rolled out", async () => {
    for (const fault of Object.keys(drill.faults)) {
      // Each has what the fault before it has not broken.
      if (
        outcomes.length === 0 ||
        Object.values(outcomes.at(-1)?.readers ?? {}).some(({ outageMs }) => outageMs === undefined)
      )
        await deploy();
      outcomes.push(await drill.run(fault, 60_000));
    }
    const lost = outcomes.filter(({ readers }) => readers.user?.outageMs === undefined).map(({ fault }) => fault);
    assert.deepEqual(lost, ["daemon hangs (-STOP)"]);
  });

  it("whose reader starts without the mount, and finds an empty directory", async () => {
    await deploy();
    await drill.kubectl("-n", NAMESPACE, "scale", "deployment/media", "--replicas=0");
    await until(async () => (await drill.podOf("app.kubernetes.io/name=media")).length === 0);
    await drill.kubectl("-n", NAMESPACE, "rollout", "restart", "deployment/reader");
    await drill.kubectl("-n", NAMESPACE, "rollout", "status", "deployment/reader", "--timeout=60s");
    const [root = []] = await drill.seen();
    assert.match(root[0] ?? "", /\/empty$/);
  });

  it("which leaves its dead mount on the node when its daemon is killed as it goes", async () => {
    await deploy();
    await drill.faults["daemon hangs (-STOP)"]?.();
    await kubectl(cluster, ["delete", "namespace", NAMESPACE]);
    assert.equal(drill.mounts(), 1);
    left += await drill.clear();
    assert.ok(left > 0);
  });
});

/** What was printed at grade A before there was a recipe, with its remark as the daemon's command. */
function formerFragment(image: string): object[] {
  const place = {
    nodeSelector: { "kubernetes.io/hostname": NODE },
    tolerations: [{ key: "node.longhorn.io/storage", operator: "Exists", effect: "NoSchedule" }],
  };
  const labels = { "app.kubernetes.io/name": "media" };
  const command = `umount -l ${POINT} 2>/dev/null; mkdir -p ${POINT}; exec rclone mount /data ${POINT} --allow-other`;
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "media", namespace: NAMESPACE },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            ...place,
            containers: [
              {
                name: "daemon",
                image,
                command: ["sh", "-c", command],
                env: [{ name: "RCLONE_CONFIG", value: "/dev/null" }],
                resources: MEMORY,
                securityContext: { privileged: true },
                volumeMounts: [
                  { name: "media", mountPath: PATH, mountPropagation: "Bidirectional" },
                  { name: "data", mountPath: "/data" },
                ],
              },
            ],
            volumes: [
              { name: "media", hostPath: { path: PATH, type: "DirectoryOrCreate" } },
              { name: "data", emptyDir: {} },
            ],
          },
        },
      },
    },
    readerDeployment(
      image,
      { ...place, volumes: [{ name: "media", hostPath: { path: PATH, type: "Directory" } }] },
      { volumeMounts: [{ name: "media", mountPath: PATH, readOnly: true, mountPropagation: "HostToContainer" }] },
    ),
  ];
}
