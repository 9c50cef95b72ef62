import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { StackOutputs } from "../../report/outputs.ts";
import { command, kubectl, leaveSandbox, type SandboxDocument, sandbox, succeeded } from "./sandbox.ts";

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
    await leaveSandbox();
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
    assert.match(stdout, /✓ k3s-w2 {2}success: success/, "the collector's progress reaches the terminal");
    const shown = stdout.split("\n");
    const from = shown.indexOf("Outputs:");
    const outputLines = shown.slice(from + 1, shown.indexOf("", from));
    assert.ok(from > 0 && outputLines.length <= 30, `${outputLines.length} lines of outputs:\n${stdout}`);
    assert.ok(
      outputLines.some((line) => /explanation *: "The FUSE file system .*\."$/.test(line)),
      "a text in full",
    );

    const output = async (name: string, ...how: string[]) =>
      (await pulumi("stack", "output", name, "--stack", "homelab", ...how)).stdout.trimEnd();
    const names = ["node", "verdict", "grade", "cause", "decision"];
    assert.deepEqual(await Promise.all(names.map((name) => output(name))), [
      "k3s-w2",
      "success",
      "A",
      "success",
      "Containerise Decypharr in k3s, drop SMB/CIFS, gain HA and GitOps.",
    ]);
    assert.match(await output("fragment"), /^ {2}- \{ name: fuse-media, .*HostToContainer \}$/m);
    const { run, __nodes } = JSON.parse(await output("report")) as StackOutputs["report"];
    const { evidence = [], timings } = __nodes["k3s-w2"] ?? {};
    assert.match(run, /^manual-/);
    assert.ok(evidence.length >= 3 && (timings?.readers.hardened?.seenMs ?? -1) >= 0);

    await pulumi("up", "--yes", "--skip-preview", "--expect-no-changes", ...target);

    // Pods of the same names take the place of the first ones, which must have gone by then.
    stack.config["fuse-propagation-test:run"] = "again";
    writeFileSync(file, stringify(stack));
    const again = await pulumi("up", "--yes", "--skip-preview", ...target);
    assert.match(again.stdout, /✓ k3s-w2 {2}success: success/);

    await pulumi("destroy", "--yes", "--skip-preview", ...target);
    const left = await kubectl(cluster, ["get", "namespace", "fuse-test"]);
    assert.match(left.stderr, /not found/);
  });
});
