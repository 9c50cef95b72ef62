/** `pulumi up`, a change, and `pulumi destroy` of the export, with the real engine on a checkout on disk. */
import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation/index.js";
import { FluxExport, type FluxExportArgs } from "../../components/fluxExport.ts";
import { node, succeeded } from "./sandbox.ts";

const GROUP = "clusters/homelab/testing/kustomization.yaml";
const ENTRY = "clusters/homelab/testing/fuse-propagation-test";
const THEIRS = {
  "README.md": "# our clusters\n",
  "clusters/homelab/kustomization.yaml": "# ours\nresources: [apps]\n",
  "clusters/homelab/apps/kustomization.yaml": "resources: []\n",
};

let checkout = "";
let folder = "";
let stack: Stack;
let args: FluxExportArgs;

/** A function of its own for each operation: the engine runs it again every time. */
const program = async () => ({ exported: new FluxExport("homelab", args).exported });

function contents(): Record<string, string> {
  const files = readdirSync(checkout, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [path.slice(checkout.length + 1), readFileSync(path, "utf8")]));
}

describe("the export by Pulumi", function () {
  this.timeout(300_000);

  before(async () => {
    const { env } = JSON.parse(succeeded(await node("sandbox/main.ts", ["engine", "--json"])).stdout);
    Object.assign(process.env, env);
    checkout = mkdtempSync(join(tmpdir(), "gitops-"));
    folder = mkdtempSync(join(tmpdir(), "stack-"));
    for (const [path, text] of Object.entries(THEIRS)) {
      mkdirSync(join(checkout, path, ".."), { recursive: true });
      writeFileSync(join(checkout, path), text);
    }
    args = { nodes: ["k3s-w2"], flux: { checkout } };
    stack = await LocalWorkspace.createStack(
      { stackName: "test", projectName: "fuse-propagation-test", program },
      { workDir: folder, envVars: { ...env, PULUMI_BACKEND_URL: `file://${folder}`, PULUMI_CONFIG_PASSPHRASE: "" } },
    );
  });
  after(() => {
    for (const directory of [checkout, folder]) rmSync(directory, { recursive: true, force: true });
  });

  it("writes nothing in a preview", async () => {
    await stack.preview();
    deepEqual(contents(), THEIRS);
  });

  it("writes, changes its own line only, and writes nothing twice", async () => {
    await stack.up();
    match(contents()[GROUP] ?? "", /^ {2}# - fuse-propagation-test$/m);
    const off = contents();
    equal((await stack.up()).summary.resourceChanges?.update, undefined);
    args = { ...args, flux: { checkout, enabled: true } };
    await stack.up();
    const on = contents();
    match(on[GROUP] ?? "", /^ {2}- fuse-propagation-test$/m);
    deepEqual(
      Object.keys(on).filter((path) => on[path] !== off[path]),
      [GROUP],
    );
  });

  it("moves to another place, and takes the old one away", async () => {
    args = { ...args, flux: { checkout, enabled: true, entry: "fuse" } };
    await stack.up();
    const moved = Object.keys(contents());
    deepEqual(
      moved.filter((path) => path.startsWith(`${ENTRY}/`)),
      [],
    );
    match(contents()[GROUP] ?? "", /^ {2}- fuse$/m);
  });

  it("fails, and writes nothing, where a person edited a file", async () => {
    const path = join(checkout, "clusters/homelab/testing/fuse/consumer.yaml");
    const text = readFileSync(path, "utf8");
    writeFileSync(path, `${text}# mine\n`);
    const before = contents();
    args = { ...args, run: "b" };
    await rejects(stack.up(), /consumer\.yaml was edited by hand/);
    deepEqual(contents(), before);
    writeFileSync(path, text);
  });

  it("takes everything out at destroy, and nothing else", async () => {
    await stack.destroy();
    deepEqual(contents(), THEIRS);
    deepEqual(readdirSync(join(checkout, "clusters/homelab")).sort(), ["apps", "kustomization.yaml"]);
  });
});
