/** What a first `pulumi up` can run into, with the ordinary CLI: each ends with one error, which says what to do. */
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import {
  cli,
  command,
  kubectl,
  leaveSandbox,
  type Result,
  type SandboxDocument,
  sandbox,
  succeeded,
} from "./sandbox.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const NODES = { nodes: ["k3s-w2"] };

interface Kubeconfig {
  readonly clusters: { readonly name: string; readonly cluster: { readonly server: string } }[];
  readonly users: { readonly name: string; readonly user: object }[];
  readonly contexts: { readonly name: string; readonly context: { readonly cluster: string; readonly user: string } }[];
}

describe("the first minute", () => {
  let cluster: SandboxDocument;
  let folder: string;
  let kubeconfig: string;

  before(async () => {
    cluster = await sandbox();
    folder = mkdtempSync(join(tmpdir(), "first-minute-"));
    kubeconfig = join(folder, "kubeconfig");
    succeeded(await kubectl(cluster, ["create", "serviceaccount", "limited", "-n", "default"]));
    const { stdout: token } = succeeded(await kubectl(cluster, ["create", "token", "limited", "-n", "default"]));
    writeFileSync(kubeconfig, stringify(withMore(parse(readFileSync(cluster.kubeconfig, "utf8")), token.trim())));
    copyFileSync(join(ROOT, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
    succeeded(await pulumi("stack", "init", "dev", "--cwd", folder));
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await leaveSandbox();
  });

  const pulumi = (...args: string[]): Promise<Result> =>
    command(join(cluster.binaries, "pulumi"), [...args, "--non-interactive"], {
      env: { ...cluster.env, PULUMI_BACKEND_URL: `file://${folder}`, PULUMI_CONFIG_PASSPHRASE: "" },
    });

  /** `pulumi up` of a stack with these settings. @returns its one error, which its end tells once more */
  async function refused(settings: Readonly<Record<string, unknown>>): Promise<string> {
    const config = Object.entries(settings).map(([key, value]) => [`fuse-propagation-test:${key}`, value]);
    const file = join(folder, "Pulumi.dev.yaml");
    writeFileSync(file, stringify({ config: Object.fromEntries(config) }));
    const { code, stdout, stderr } = await pulumi(
      "up",
      "--yes",
      "--skip-preview",
      "--stack",
      "dev",
      "--config-file",
      file,
    );
    assert.notEqual(code, 0);
    const said = stdout.slice(stdout.indexOf("Diagnostics:"), stdout.indexOf("Resources:"));
    const errors = said.split("\n").filter((line) => /^ {4}error: /.test(line));
    assert.equal(errors.length, 1, `${stdout}${stderr}`);
    assert.doesNotMatch(said, /^ {4} +at .*:\d+/m, "no stack trace");
    return said.slice(said.indexOf(errors[0] ?? ""));
  }

  it("of a stack without nodes", async () => {
    assert.match(
      await refused({}),
      /nodes = \[\]: name at least one node, .*\n.*pulumi config set --path 'nodes\[0\]' VALUE/,
    );
  });

  it("of a context that is not there", async () => {
    const error = await refused({ ...NODES, kubeconfig, context: "nope" });
    assert.match(error, /context = "nope": the kubeconfig .* has no such context\n.*use one of: .*limited/);
  });

  it("of a cluster that does not answer", async () => {
    const error = await refused({ ...NODES, kubeconfig, context: "dead" });
    assert.match(error, /context = "dead": its cluster at https:\S+ does not answer: .*ECONNREFUSED/);
    assert.match(error, /remedy: .*kubectl version --context dead/);
  });

  it("of a user who may not create a namespace, to whom `npm start` says the same", async () => {
    const words =
      /context = "limited": its user may not create namespaces, nor configmaps and pods in the namespace fuse-test\n.*remedy: .*kubectl auth can-i create namespaces --context limited/;
    assert.match(await refused({ ...NODES, kubeconfig, context: "limited" }), words);
    const started = await cli("start", ["--kubeconfig", kubeconfig, "--context", "limited", "--node", "k3s-w2"]);
    assert.equal(started.code, 2);
    assert.match(started.stderr, words);
    assert.ok(started.stderr.trim().split("\n").length <= 3, started.stderr);
    const left = await kubectl(cluster, ["get", "namespace", "fuse-test"]);
    assert.match(left.stderr, /not found/);
  });
});

/** The sandbox's kubeconfig with the context of a user without rights, and one of a cluster that is not there. */
function withMore(config: Kubeconfig, token: string): Kubeconfig {
  const [real] = config.clusters;
  assert.ok(real);
  const dead = { name: "dead", cluster: { ...real.cluster, server: "https://127.0.0.1:40999" } };
  const context = (name: string, of: string) => ({ name, context: { cluster: of, user: "limited" } });
  return {
    ...config,
    clusters: [...config.clusters, dead],
    users: [...config.users, { name: "limited", user: { token } }],
    contexts: [...config.contexts, context("limited", real.name), context("dead", "dead")],
  };
}
