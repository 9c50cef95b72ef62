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
import { Drill, NAMESPACE, NODE, type Outcome, readerDeployment } from "./drill.ts";
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
    rmSync(checkout, { recursive: true, force: true });
    await leaveSandbox();
  });

  const recipe = (...args: string[]) =>
    cli("recipe", ["--out", checkout, "-d", "apps/media", "--verdict", join(checkout, "verdict.json"), ...args]);
  const whole = [...["--reader", "reader:root,user", "--create-namespace", "--stop-seconds", "5"], "--set"];

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
      succeeded(
        await recipe(
          ...whole,
          `producerImage=${cluster.images.producer}`,
          `resources=${JSON.stringify({ producer: MEMORY })}`,
        ),
      );
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
      for (const lines of Object.values(await drill.said()))
        assert.deepEqual(
          lines.map(({ state }) => state),
          ["ok/ok"],
        );
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
      });

    after(async () => {
      await flux?.stop();
      print("the recipe", outcomes);
    });
  });
});

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
