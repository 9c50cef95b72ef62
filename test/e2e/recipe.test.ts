/** The recipe on a real cluster: what the command writes is what is deployed, and what is put through every fault here. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { type Flux, startFlux } from "../../sandbox/flux/flux.ts";
import { fluxTools } from "../../sandbox/flux/tools.ts";
import { until } from "../until.ts";
import { Drill, NAMESPACE, NODE, type Outcome, PATH, POINT, readerDeployment } from "./drill.ts";
import { cli, kubectl, leaveSandbox, type SandboxDocument, sandbox, succeeded } from "./sandbox.ts";

const MEMORY = { requests: { cpu: "50m", memory: "64Mi" }, limits: { cpu: "2", memory: "128Mi" } };

let cluster: SandboxDocument;
let drill: Drill;
let checkout = "";

describe("a recipe on a cluster", function () {
  this.timeout(1_200_000);

  before(async () => {
    cluster = await sandbox();
    drill = new Drill(cluster);
    await kubectl(cluster, ["delete", "namespace", NAMESPACE, "--ignore-not-found"]);
    checkout = mkdtempSync(join(tmpdir(), "gitops-"));
  });
  after(async () => {
    await kubectl(cluster, ["delete", "namespace", NAMESPACE, "--ignore-not-found"]);
    await drill.clear();
    rmSync(checkout, { recursive: true, force: true });
    await leaveSandbox();
  });

  const recipe = (...args: string[]) =>
    cli("recipe", ["--out", checkout, "-d", "apps/media", "--verdict", join(checkout, "verdict.json"), ...args]);
  const written = () => [
    ...["--reader", "reader:root,user", "--create-namespace", "--stop-seconds", "5"],
    ...["--set", `producerImage=${cluster.images.producer}`, `resources=${JSON.stringify({ producer: MEMORY })}`],
  ];

  describe("as it is written", () => {
    let flux: Flux;
    const outcomes: Outcome[] = [];

    before(async () => {
      writeFileSync(
        join(checkout, "verdict.json"),
        JSON.stringify({ nodes: { [NODE]: { verdict: "success", grade: "A", cause: "success" } } }),
      );
      mkdirSync(join(checkout, "apps/reader"), { recursive: true });
      writeFileSync(join(checkout, "apps/kustomization.yaml"), "resources:\n  - reader\n");
      writeFileSync(
        join(checkout, "apps/reader/kustomization.yaml"),
        stringify({ resources: ["reader.yaml"], components: ["../media/readers/reader"] }),
      );
      writeFileSync(join(checkout, "apps/reader/reader.yaml"), stringify(readerDeployment(cluster.images.producer)));
      succeeded(await recipe(...written()));
    });

    it("has nothing that diagnose finds wrong, and builds", async () => {
      const { kustomize } = await fluxTools();
      const { stderr } = succeeded(
        await cli("diagnose", ["--strict", "--kustomize", kustomize, join(checkout, "apps")]),
      );
      assert.match(stderr, /nothing wrong found in the manifests of 1 FUSE daemon and 2 readers/);
      const built = execFileSync(kustomize, ["build", join(checkout, "apps")], { encoding: "utf8" });
      assert.match(built, /kind: Namespace[\s\S]*kind: Deployment/);
    });

    it("is deployed by the real kustomize-controller", async () => {
      flux = await startFlux(cluster.kubeconfig, cluster.binaries);
      git("init", "--quiet", "--initial-branch=main");
      git("add", "--all");
      git("commit", "--quiet", "--message", "media");
      await flux.follow("apps", { timeout: "90s" });
      const revision = await flux.push(checkout);
      const from = performance.now();
      await until(
        () => flux.status(),
        ({ ready, revision: applied }) => ready === "True" && applied === revision,
      );
      console.log(`      commit to Ready: ${((performance.now() - from) / 1000).toFixed(1)} s`);
      await until(
        () => drill.said(),
        (said) => Object.values(said).every((lines) => lines.at(-1)?.state === "ok/ok"),
      );
      // The gate has let nobody in before the mount was there.
      assert.deepEqual(await drill.seen(), [["ok/ok"], ["ok/ok"]]);
    });

    for (const fault of Object.keys(new Drill(cluster).faults))
      it(`gives every reader its mount back without a restart: ${fault}`, async () => {
        const outcome = await drill.run(fault);
        outcomes.push(outcome);
        for (const [name, { outageMs, seen }] of Object.entries(outcome.readers)) {
          assert.ok(outageMs !== undefined, `${name} is not back: ${seen.join(" ")}`);
          assert.ok(
            !seen.some((state) => state.startsWith("plain")),
            `${name} wrote below the mount: ${seen.join(" ")}`,
          );
        }
        assert.ok(outcome.mounts.most <= 1, "one mount at a time");
        assert.equal(outcome.mounts.after, 1);
        assert.equal(outcome.table.after, outcome.table.before, "nothing piles up");
        if (/killed|memory/.test(fault)) assert.equal(await drill.lastExit(), 137);
      });

    it("gives a new reader the mount from its first look on, and none before the mount is there", async () => {
      const from = performance.now();
      await drill.kubectl("-n", NAMESPACE, "rollout", "restart", "deployment/reader");
      await drill.kubectl("-n", NAMESPACE, "rollout", "status", "deployment/reader", "--timeout=60s");
      assert.deepEqual(await drill.seen(), [["ok/ok"], ["ok/ok"]]);
      console.log(
        `      reader's rollout: ${Math.round(performance.now() - from)} ms, the mount from its first look on`,
      );
      await drill.kubectl("-n", NAMESPACE, "scale", "deployment/media", "--replicas=0");
      await until(() => drill.mounts() === 0);
      await drill.kubectl("-n", NAMESPACE, "rollout", "restart", "deployment/reader");
      await until(async () => /Init:0/.test(await drill.kubectl("-n", NAMESPACE, "get", "pods", "-l", "app=reader")));
      // Nobody has written into the directory below, in all that came before.
      assert.deepEqual(drill.below(), []);
      await drill.kubectl("-n", NAMESPACE, "scale", "deployment/media", "--replicas=1");
      await drill.kubectl("-n", NAMESPACE, "rollout", "status", "deployment/reader", "--timeout=60s");
      assert.deepEqual(await drill.seen(), [["ok/ok"], ["ok/ok"]]);
    });

    it("leaves no mount behind, and no file of a reader, when it is taken out of the checkout", async () => {
      succeeded(await recipe(...written(), "--remove"));
      writeFileSync(join(checkout, "apps/reader/kustomization.yaml"), "resources: []\n");
      git("add", "--all");
      git("commit", "--quiet", "--message", "no media");
      const revision = await flux.push(checkout);
      await until(
        () => flux.status(),
        ({ revision: applied }) => applied === revision,
      );
      await until(() => drill.mounts() === 0);
      assert.deepEqual(drill.below(), []);
    });

    after(async () => {
      await flux?.stop();
      print("the recipe", outcomes);
    });
  });

  describe("beside the fragment that was printed before", () => {
    const outcomes: Outcome[] = [];
    let left = 0;
    const deploy = async () => {
      await kubectl(cluster, ["delete", "namespace", NAMESPACE, "--ignore-not-found"]);
      left += await drill.clear();
      const objects = formerFragment(cluster.images.producer);
      succeeded(
        await kubectl(
          cluster,
          ["apply", "-f", "-"],
          JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }),
        ),
      );
      await drill.kubectl(
        "-n",
        NAMESPACE,
        "rollout",
        "status",
        "deployment/media",
        "deployment/reader",
        "--timeout=60s",
      );
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

    after(() => print("the former fragment", outcomes));
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

function git(...args: string[]): string {
  const person = ["-c", "user.name=homelab", "-c", "user.email=homelab@example.invalid"];
  return execFileSync("git", ["-C", checkout, ...person, ...args], { encoding: "utf8" });
}

/** One line a fault: what the readers had to do without, and what is on the host. */
function print(what: string, outcomes: readonly Outcome[]): void {
  console.log(
    `\n      ${what}: outage of each reader in ms, what it saw (write/list); mounts at the point before/most/after; mount table`,
  );
  for (const { fault, readers, mounts, table } of outcomes) {
    const said = Object.entries(readers).map(
      ([name, { outageMs, seen }]) => `${name} ${outageMs ?? "not back"} (${seen.join(" ") || "nothing"})`,
    );
    console.log(
      `      | ${fault} | ${said.join(" | ")} | ${mounts.before}/${mounts.most}/${mounts.after} | ${table.before}->${table.after} |`,
    );
  }
}
