import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { command, kubectl, type SandboxDocument, sandbox, sandboxDown, succeeded } from "./sandbox.ts";

const ROOT = join(import.meta.dirname, "..", "..");

describe("the ordinary Pulumi CLI", () => {
  let cluster: SandboxDocument;
  let folder: string;
  before(async () => {
    cluster = await sandbox();
    folder = mkdtempSync(join(tmpdir(), "pulumi-cli-"));
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await sandboxDown();
  });

  const pulumi = async (...args: string[]) =>
    succeeded(
      await command(join(cluster.binaries, "pulumi"), [...args, "--non-interactive"], {
        env: { ...cluster.env, PULUMI_BACKEND_URL: `file://${folder}`, PULUMI_CONFIG_PASSPHRASE: "" },
      }),
    );

  it("runs the homelab stack as it stands, changes nothing the second time, runs again, and destroys it whole", async () => {
    const stack = parse(readFileSync(join(ROOT, "Pulumi.homelab.yaml"), "utf8"));
    // Only what the sandbox must change: its images, and where it is.
    const { producer } = cluster.images;
    for (const [key, value] of Object.entries({
      producerImage: producer,
      consumerImage: producer,
      kubeconfig: cluster.kubeconfig,
    }))
      stack.config[`fuse-propagation-test:${key}`] = value;
    const file = join(folder, "Pulumi.homelab.yaml");
    writeFileSync(file, stringify(stack));
    const target = ["--stack", "homelab", "--config-file", file];

    // In a folder of its own: the CLI writes the stack's salt beside the project, and the checkout stays as it is.
    copyFileSync(join(ROOT, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
    await pulumi("stack", "init", "homelab", "--cwd", folder);
    const { stdout } = await pulumi("up", "--yes", "--skip-preview", ...target);
    assert.match(stdout, /√ k3s-w2 {2}success: success/, "the collector's progress reaches the terminal");
    const outputs = JSON.parse((await pulumi("stack", "output", "--json", "--stack", "homelab")).stdout);
    assert.deepEqual(
      [outputs.node, outputs.verdict, outputs.grade, outputs.cause],
      ["k3s-w2", "success", "A", "success"],
    );
    assert.match(outputs.decision.text, /Containerise Decypharr/);
    assert.ok(outputs.evidence.length >= 3 && outputs.timings.readers.hardened.seenMs >= 0);

    await pulumi("up", "--yes", "--skip-preview", "--expect-no-changes", ...target);

    // Pods of the same names take the place of the first ones, which must have gone by then.
    stack.config["fuse-propagation-test:run"] = "again";
    writeFileSync(file, stringify(stack));
    const again = await pulumi("up", "--yes", "--skip-preview", ...target);
    assert.match(again.stdout, /√ k3s-w2 {2}success: success/);

    await pulumi("destroy", "--yes", "--skip-preview", ...target);
    const left = await kubectl(cluster, ["get", "namespace", "fuse-test"]);
    assert.match(left.stderr, /not found/);
  });
});
