/** A recipe with failover, on two nodes with a shared root mount: the daemon's node goes away, and daemon and reader come back on the other. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { until } from "../until.ts";
import { Drill, NAMESPACE, readerDeployment } from "./drill.ts";
import { cli, kubectl, leaveSandbox, type SandboxDocument, sandbox, succeeded } from "./sandbox.ts";

const NODES = ["k3s-w1", "k3s-w2"] as const;
/** The second node of the sandbox has a private root mount, until it is told otherwise. */
const PRIVATE = NODES[0];
/** Kubernetes sees after 50 s that a node does not answer, and the recipe leaves it 30 s later. */
const PATIENCE = { seconds: 240, everyMs: 300 };

describe("a recipe with failover", function () {
  this.timeout(1_200_000);
  let cluster: SandboxDocument;
  let checkout = "";
  const drills = new Map<string, Drill>();
  const drillOn = (node: string): Drill => drills.get(node) ?? assert.fail(`no node ${node}`);
  const any = () => drillOn(NODES[0]);

  before(async () => {
    cluster = await sandbox();
    for (const node of NODES) drills.set(node, new Drill(cluster, node));
    await drillOn(PRIVATE).onNode("mount", "--make-rshared", "/");
    await kubectl(cluster, ["delete", "namespace", NAMESPACE, "--ignore-not-found"]);
    checkout = mkdtempSync(join(tmpdir(), "gitops-"));
    const good = { verdict: "success", grade: "A", cause: "success" };
    writeFileSync(
      join(checkout, "verdict.json"),
      JSON.stringify({ nodes: Object.fromEntries(NODES.map((node) => [node, good])) }),
    );
    mkdirSync(join(checkout, "apps/reader"), { recursive: true });
    writeFileSync(join(checkout, "apps/kustomization.yaml"), "resources:\n  - reader\n");
    writeFileSync(
      join(checkout, "apps/reader/kustomization.yaml"),
      stringify({ resources: ["reader.yaml"], components: ["../media/readers/reader"] }),
    );
    writeFileSync(join(checkout, "apps/reader/reader.yaml"), stringify(readerDeployment(cluster.images.producer)));
  });
  after(async () => {
    for (const drill of drills.values()) await heal(drill);
    await kubectl(cluster, ["delete", "namespace", NAMESPACE, "--ignore-not-found"]);
    for (const drill of drills.values()) await drill.clear();
    await drillOn(PRIVATE).onNode("mount", "--make-rprivate", "/");
    rmSync(checkout, { recursive: true, force: true });
    await leaveSandbox();
  });

  const WAYS = {
    "kubelet stopped": (drill: Drill) => drill.signal("kubelet", "STOP"),
    "node tainted": (drill: Drill) =>
      drill.kubectl("taint", "node", drill.node, "failover=yes:NoExecute", "--overwrite"),
  } as const;

  const heal = async (drill: Drill) => {
    await drill.signal("kubelet", "CONT");
    await kubectl(cluster, ["taint", "node", drill.node, "failover-"]);
    await drill.kubectl("wait", "node", drill.node, "--for=condition=Ready", "--timeout=60s");
  };

  /** The node of the newest pod with that label, once it has one. */
  const nodeOf = async (label: string): Promise<string> => {
    const [pod] = await any().podOf(label);
    return pod === undefined ? "" : any().kubectl("-n", NAMESPACE, "get", pod, "-o", "jsonpath={.spec.nodeName}");
  };
  const both = async () => [await nodeOf("app.kubernetes.io/name=media"), await nodeOf("app=reader")];
  const reads = async (): Promise<boolean> => {
    const said = await any().said();
    const now = any().now();
    return Object.values(said).every((lines) => lines.at(-1)?.state === "ok/ok" && now - (lines.at(-1)?.at ?? 0) < 2);
  };

  it("is deployed with its reader on one of the nodes", async () => {
    succeeded(
      await cli("recipe", [
        ...["--out", checkout, "-d", "apps/media", "--verdict", join(checkout, "verdict.json"), "--node", NODES[0]],
        ...["--failover", NODES[1], "--reader", "reader:root,user", "--create-namespace", "--stop-seconds", "5"],
        ...["--set", `producerImage=${cluster.images.producer}`],
      ]),
    );
    succeeded(await kubectl(cluster, ["apply", "-k", join(checkout, "apps")]));
    await until(reads);
    const [daemon, reader] = await both();
    assert.equal(daemon, reader);
  });

  for (const [way, strike] of Object.entries(WAYS))
    for (const direction of ["there", "and back"])
      it(`comes back on the other node, ${direction}: ${way}`, async () => {
        const [from = ""] = await both();
        const to = NODES.find((node) => node !== from) ?? "";
        const begun = performance.now();
        await strike(drillOn(from));
        await until(both, (nodes) => nodes.every((node) => node === to), PATIENCE);
        const moved = performance.now();
        await until(reads, Boolean, PATIENCE);
        const seconds = (until: number) => ((until - begun) / 1000).toFixed(1);
        console.log(
          `      ${way}: ${from} to ${to}: scheduled after ${seconds(moved)} s, reader reads after ${seconds(performance.now())} s`,
        );
        // Nothing but the mount since its first look: never an empty directory, on either node.
        assert.deepEqual(await any().seen(), [["ok/ok"], ["ok/ok"]]);
        await heal(drillOn(from));
        await until(() => drillOn(from).mounts() === 0, Boolean, PATIENCE);
        assert.deepEqual(drillOn(from).below(), [], "nobody wrote below the mount");
        assert.equal(drillOn(to).mounts(), 1);
      });

  it("goes back to where its reader is, when the daemon alone is replaced", async () => {
    const [before] = await both();
    const [pod = ""] = await any().podOf("app.kubernetes.io/name=media");
    await any().kubectl("-n", NAMESPACE, "delete", pod);
    await any().kubectl("-n", NAMESPACE, "rollout", "status", "deployment/media", "--timeout=60s");
    assert.deepEqual(await both(), [before, before]);
  });
});
