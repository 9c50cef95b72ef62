/** The examples as their README has them: previewed by the real engine, with the policy pack that stands beside them. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KUBECONFIG } from "../fixtures/planted/stack.ts";
import { command, node, type Result, succeeded } from "./sandbox.ts";

const EXAMPLES = join(import.meta.dirname, "..", "..", "examples");

describe("examples in the engine", () => {
  let env: Record<string, string>;
  let folder: string;
  let stacks = 0;

  before(async () => {
    const { stdout } = succeeded(await node("sandbox/main.ts", ["engine", "--json"]));
    folder = mkdtempSync(join(tmpdir(), "examples-"));
    // Nothing answers there: a preview asks no cluster.
    writeFileSync(join(folder, "kubeconfig"), KUBECONFIG);
    env = {
      ...(JSON.parse(stdout) as { env: typeof env }).env,
      PULUMI_BACKEND_URL: `file://${folder}`,
      PULUMI_CONFIG_PASSPHRASE: "",
      KUBECONFIG: join(folder, "kubeconfig"),
    };
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** `pulumi preview --policy-pack ../policy-pack` in the example's directory. */
  async function preview(name: string, config: Readonly<Record<string, string>>): Promise<Result> {
    const project = join(EXAMPLES, name);
    const stack = `test${stacks++}`;
    const file = join(folder, `Pulumi.${stack}.yaml`);
    const pulumi = (...args: string[]) =>
      command("pulumi", [...args, "--cwd", project, "--stack", stack, "--config-file", file, "--non-interactive"], {
        env,
      });
    succeeded(await command("pulumi", ["stack", "init", stack, "--cwd", project, "--non-interactive"], { env }));
    try {
      for (const [key, value] of Object.entries(config)) succeeded(await pulumi("config", "set", "--path", key, value));
      return await pulumi("preview", "--policy-pack", join(EXAMPLES, "policy-pack"));
    } finally {
      rmSync(join(project, `Pulumi.${stack}.yaml`), { force: true });
    }
  }

  it("own-program passes", async () => {
    const { stdout } = succeeded(await preview("own-program", { node: "storage-1" }));
    for (const made of ["Pod fuse-storage-1-producer", "Namespace media"]) assert.ok(stdout.includes(made), stdout);
  });

  it("several-nodes passes on the pack's nodes, and on no other", async () => {
    succeeded(await preview("several-nodes", { "nodes[0]": "storage-1", "nodes[1]": "storage-2" }));
    const { code, stdout } = await preview("several-nodes", { "nodes[0]": "storage-3" });
    assert.notEqual(code, 0);
    const broken = [...stdout.matchAll(/\[mandatory\].* {2}(\S+) {2}\(/g)].map(([, policy]) => policy);
    assert.deepEqual([...new Set(broken)].sort(), ["no-opaque-sources", "pinned-to-test-node"]);
  });

  it("existing-provider passes", async () => {
    const kubeconfig = join(folder, "kubeconfig");
    succeeded(await preview("existing-provider", { node: "storage-1", kubeconfig, context: "none" }));
  });
});
