/** The component FuseMount in a program as a user has it: examples/shared-mount, by the real engine on the sandbox. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../until.ts";
import { Drill, NODE } from "./drill.ts";
import { command, kubectl, leaveSandbox, type SandboxDocument, sandbox, succeeded } from "./sandbox.ts";

const PROJECT = join(import.meta.dirname, "..", "..", "examples", "shared-mount");
const STACK = "test-mount";

describe("the component FuseMount on a cluster", () => {
  let cluster: SandboxDocument;
  let drill: Drill;
  let folder: string;
  before(async () => {
    cluster = await sandbox();
    drill = new Drill(cluster);
    folder = mkdtempSync(join(tmpdir(), "pulumi-mount-"));
  });
  after(async () => {
    await kubectl(cluster, ["delete", "namespace", "media", "--ignore-not-found"]);
    await drill.clear();
    rmSync(join(PROJECT, `Pulumi.${STACK}.yaml`), { force: true });
    rmSync(folder, { recursive: true });
    await leaveSandbox();
  });

  const pulumi = async (...args: string[]) =>
    succeeded(
      await command(join(cluster.binaries, "pulumi"), [...args, "--cwd", PROJECT, "--non-interactive"], {
        env: {
          ...cluster.env,
          PULUMI_BACKEND_URL: `file://${folder}`,
          PULUMI_CONFIG_PASSPHRASE: "",
          KUBECONFIG: cluster.kubeconfig,
        },
      }),
    );
  const target = () => ["--stack", STACK, "--config-file", join(folder, `Pulumi.${STACK}.yaml`)];

  it("mounts for the reader beside it, changes nothing the second time, and leaves nothing", async () => {
    await pulumi("stack", "init", STACK);
    for (const [key, value] of Object.entries({ node: NODE, image: cluster.images.producer }))
      await pulumi("config", "set", key, value, ...target());
    const from = performance.now();
    await pulumi("up", "--yes", "--skip-preview", ...target());
    for (const name of ["media", "films"])
      await drill.kubectl("-n", "media", "rollout", "status", `deployment/${name}`, "--timeout=90s");
    console.log(`      up to the reader reading: ${((performance.now() - from) / 1000).toFixed(1)} s`);
    assert.equal(drill.mounts(), 1);
    await drill.kubectl(
      "-n",
      "media",
      "exec",
      "deployment/films",
      "--",
      "sh",
      "-c",
      "echo films >/mnt/media/remote/a.txt",
    );
    await until(async () => /a\.txt/.test(await drill.kubectl("-n", "media", "logs", "deployment/films")));
    await pulumi("up", "--yes", "--skip-preview", "--expect-no-changes", ...target());
    await pulumi("destroy", "--yes", "--skip-preview", ...target());
    await until(() => drill.mounts() === 0);
    assert.deepEqual(drill.below(), []);
  });
});
