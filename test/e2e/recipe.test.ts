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
import { Drill, MEMORY, NAMESPACE, NODE, type Outcome, printTable, readerDeployment } from "./drill.ts";
import { cli, kubectl, leaveSandbox, type SandboxDocument, sandbox, succeeded } from "./sandbox.ts";

/** The kustomization of the reader, as somebody has it who took the component in. */
const READER = stringify({ resources: ["reader.yaml"], components: ["../media/readers/reader"] });

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
      writeFileSync(join(checkout, "apps/reader/kustomization.yaml"), READER);
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
            !seen.some((state) => state.startsWith("below")),
            `${name} wrote below the mount: ${seen.join(" ")}`,
          );
        }
        assert.ok(outcome.mounts.most <= 1, "one mount at a time");
        assert.equal(outcome.mounts.after, 1);
        assert.deepEqual(await drill.restarts(), [0, 0]);
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
      const named = await recipe(...written(), "--remove");
      assert.equal(named.code, 2);
      assert.match(named.stderr, /apps\/reader\/kustomization\.yaml:\d+ names \.\.\/media\/readers\/reader/);
      writeFileSync(join(checkout, "apps/reader/kustomization.yaml"), "resources: []\n");
      succeeded(await recipe(...written(), "--remove"));
      git("add", "--all");
      git("commit", "--quiet", "--message", "no media");
      const revision = await flux.push(checkout);
      await until(
        () => flux.status(),
        ({ revision: applied }) => applied === revision,
      );
      await until(() => drill.mounts() === 0);
      assert.deepEqual(drill.below(), []);
      await kubectl(cluster, ["delete", "namespace", NAMESPACE, "--ignore-not-found"]);
    });

    // The second does not end with its shell, which gets the signal: what it leaves has to go all the same.
    for (const own of ["driver=bindfs", 'command=bindfs -f -o allow_other "$SOURCE" "$MOUNT"; exit 1'])
      it(`serves its readers with ${own.split("-")[0]}, and takes its mount away`, async () => {
        writeFileSync(join(checkout, "apps/reader/kustomization.yaml"), READER);
        const driver = own.startsWith("command") ? [own, "driver=command"] : [own];
        succeeded(await recipe(...written(), ...driver));
        succeeded(await kubectl(cluster, ["apply", "-k", join(checkout, "apps")]));
        await until(
          () => drill.said().catch(() => ({})),
          (said) =>
            Object.values(said).length > 0 && Object.values(said).every((lines) => lines.at(-1)?.state === "ok/ok"),
        );
        await drill.kubectl("-n", NAMESPACE, "scale", "deployment/media", "--replicas=0");
        await until(() => drill.mounts() === 0);
        assert.deepEqual(drill.below(), []);
        succeeded(await kubectl(cluster, ["delete", "-k", join(checkout, "apps")]));
      });

    after(async () => {
      await flux?.stop();
      printTable("the recipe", outcomes);
    });
  });
});

function git(...args: string[]): string {
  const person = ["-c", "user.name=homelab", "-c", "user.email=homelab@example.invalid"];
  return execFileSync("git", ["-C", checkout, ...person, ...args], { encoding: "utf8" });
}
