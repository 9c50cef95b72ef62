/** The export on a real cluster: applied by kubectl, and as commits by the real kustomize-controller. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodeVerdict } from "../../core/diagnosis/answer.ts";
import { type Flux, startFlux } from "../../sandbox/flux/flux.ts";
import { schemaLocation, writeSchemas } from "../../sandbox/flux/schemas.ts";
import { type FluxTools, fluxTools } from "../../sandbox/flux/tools.ts";
import { until } from "../until.ts";
import { cli, kubectl, node, type SandboxDocument, sandbox, succeeded } from "./sandbox.ts";

const NODE = "k3s-w2";
const CLUSTER = "clusters/homelab";
const GROUP = `${CLUSTER}/testing/kustomization.yaml`;

/** FUSE_TEST_SCENARIOS='all' asks these in the commit that enables the test; else the default ones are asked. */
/** The kubelet cannot make a pod of theirs again: that is what they show. */
const UNHEALTHY = /sub-path|leaf-restart/;
const ASKED = process.env.FUSE_TEST_SCENARIOS?.split(" ") ?? [];
const asking = ASKED.length > 0 ? ["--scenario", ...ASKED] : [];

let cluster: SandboxDocument;
let tools: FluxTools;
let flux: Flux;
let checkout = "";
let schemas = "";

const imagesOf = ({ images }: SandboxDocument) => [
  "--set",
  `producerImage=${images.producer}`,
  `consumerImage=${images.producer}`,
];

const exportedFor = async (name: string, ...args: string[]) =>
  succeeded(await cli("export", ["--out", checkout, "--node", name, ...imagesOf(cluster), ...args]));
const exported = (...args: string[]) => exportedFor(NODE, ...args);

async function verdict(name = NODE, ...args: string[]): Promise<NodeVerdict> {
  const own = ["--kubeconfig", cluster.kubeconfig, "--node", name, ...imagesOf(cluster), ...args];
  return JSON.parse((await cli("collect", own)).stdout).nodes[name];
}

/** FUSE mounts on the nodes, as the sandbox sees them in their own mount namespaces. */
async function mounts(): Promise<string[]> {
  const { residue } = JSON.parse((await node("sandbox/main.ts", ["status", "--json"])).stdout) as { residue: string[] };
  return residue.filter((line) => line.includes("FUSE mount"));
}

function git(...args: string[]): string {
  const person = ["-c", "user.name=homelab", "-c", "user.email=homelab@example.invalid"];
  return execFileSync("git", ["-C", checkout, ...person, ...args], { encoding: "utf8" });
}

function commit(message: string): void {
  git("add", "--all");
  git("commit", "--quiet", "--message", message);
}

const gone = () =>
  until(
    () => kubectl(cluster, ["get", "namespace", "fuse-test", "--ignore-not-found", "-o", "name"]),
    ({ code, stdout }) => code === 0 && stdout === "",
  );

const since = (from: number) => `${((performance.now() - from) / 1000).toFixed(1)} s`;
const say = (line: string) => console.log(`      ${line}`);

function kustomizeBuild(path: string): string {
  return execFileSync(tools.kustomize, ["build", join(checkout, path)], { encoding: "utf8" });
}

function kubeconform(yaml: string): { readonly code: number | null; readonly words: string } {
  const args = ["-strict", "-summary", "-schema-location", schemaLocation(schemas), "-"];
  const { status, stdout, stderr } = spawnSync(tools.kubeconform, args, { input: yaml, encoding: "utf8" });
  return { code: status, words: stdout + stderr };
}

describe("the export on a cluster", function () {
  this.timeout(1_800_000);

  before(async () => {
    cluster = await sandbox();
    tools = await fluxTools();
    // A run that was killed may have left it.
    await kubectl(cluster, ["delete", "namespace", "fuse-test", "--ignore-not-found"]);
    flux = await startFlux(cluster.kubeconfig, cluster.binaries);
    schemas = mkdtempSync(join(tmpdir(), "schemas-"));
    await writeSchemas(flux.kubectl, ["Namespace", "ConfigMap", "Pod", "Kustomization"], schemas);
  });
  after(async () => {
    await flux?.stop();
    await kubectl(cluster, ["delete", "namespace", "fuse-test", "--ignore-not-found"]);
    rmSync(schemas, { recursive: true, force: true });
  });

  beforeEach(async () => {
    checkout = mkdtempSync(join(tmpdir(), "gitops-"));
    git("init", "--quiet", "--initial-branch=main");
    mkdirSync(join(checkout, CLUSTER), { recursive: true });
    writeFileSync(join(checkout, CLUSTER, "kustomization.yaml"), "# our cluster\nresources: []\n");
    await exported();
    commit("FUSE propagation test, off");
  });
  afterEach(() => rmSync(checkout, { recursive: true, force: true }));

  it("builds with kustomize, satisfies kubeconform and keeps the isolation rules, disabled and enabled", async () => {
    equal(kustomizeBuild(CLUSTER), "");
    succeeded(await cli("check", [checkout]));
    equal(kustomizeBuild(`${CLUSTER}/testing`), "");
    await exported("--enable");
    succeeded(await cli("check", [checkout]));
    const built = kubeconform(kustomizeBuild(CLUSTER));
    match(built.words, /4 resources found .* Valid: 4, Invalid: 0, Errors: 0, Skipped: 0/);
    equal(built.code, 0, built.words);
    equal(kubeconform(kustomizeBuild(CLUSTER).replace("hostPath:", "hostpath:")).code, 1, "it would have seen a fault");
    await exported("--flux-kustomization");
    const own = kubeconform(kustomizeBuild(CLUSTER));
    match(own.words, /1 resource found .* Valid: 1/);
  });

  it("gives a verdict through kubectl apply -k", async () => {
    const from = performance.now();
    const path = join(checkout, CLUSTER, "testing/fuse-propagation-test");
    succeeded(await kubectl(cluster, ["apply", "-k", path]));
    const { verdict: found, cause, grade } = await verdict();
    say(`kubectl apply -k to verdict: ${since(from)}`);
    deepEqual([found, cause, grade], ["success", "success", "A"]);
    succeeded(await kubectl(cluster, ["delete", "-k", path, "--wait=true"]));
    deepEqual(await mounts(), []);
  });

  it("is deployed by the commit that enables it, and pruned by the commit that disables it", async () => {
    await exported(...asking);
    if (asking.length > 0) commit("FUSE propagation test: these scenarios");
    await flux.follow(CLUSTER);
    const off = await flux.push(checkout);
    await until(
      () => flux.status(),
      ({ ready, revision }) => ready === "True" && revision === off,
    );
    equal((await kubectl(cluster, ["get", "namespace", "fuse-test", "--ignore-not-found"])).stdout, "");

    await exported("--enable", ...asking);
    equal(git("diff", "--numstat").trim(), `1\t1\t${GROUP}`, "one line");
    let from = performance.now();
    commit("FUSE propagation test: on");
    const on = await flux.push(checkout);
    await until(
      () => kubectl(cluster, ["get", "pod", "-n", "fuse-test", "fuse-consumer"]),
      ({ code }) => code === 0,
    );
    const { verdict: found, cause, grade, permissions, timings, scenarios = {} } = await verdict(NODE, ...asking);
    say(`commit to verdict: ${since(from)}`);
    deepEqual([found, cause, grade], ["success", "success", "A"], "as npm start says of this node");
    for (const { way, readers } of timings.replacements)
      say(`${way}: readers back after ${Object.values(readers).map(({ backMs }) => backMs)} ms`);
    for (const [id, { asExpected, finding }] of Object.entries(scenarios)) {
      say(`${id}: ${finding}`);
      ok(asExpected || finding.startsWith("Not asked"), `${id}: ${finding}`);
    }
    deepEqual(permissions?.["user-conf-only"]?.readers.user?.read, "ok", "the matrix, too");
    // The pod of a trap that keeps it from starting again is never healthy.
    const { message = "" } = await until(
      () => flux.status(),
      ({ ready, revision, message: said = "" }) =>
        Object.keys(scenarios).some((id) => UNHEALTHY.test(id))
          ? ready === "False" && UNHEALTHY.test(said)
          : ready === "True" && revision === on,
    );
    say(`commit to Kustomization Ready: ${since(from)}${UNHEALTHY.test(message) ? `, not so: ${message}` : ""}`);
    ok(
      (await mounts()).some((line) => /\/fuse\b/.test(line)),
      "the mount is on the node",
    );

    await exported("--disable", ...asking);
    equal(git("diff", "--numstat").trim(), `1\t1\t${GROUP}`, "one line");
    from = performance.now();
    commit("FUSE propagation test: off");
    await flux.push(checkout);
    await until(mounts, (left) => left.length === 0);
    say(`commit to no mount on the node: ${since(from)}`);
    await gone();
    say(`commit to clean: ${since(from)}`);
    deepEqual(await mounts(), []);
    equal(readFileSync(join(checkout, GROUP), "utf8").includes("# - fuse-propagation-test"), true);
  });

  it("says on the Kustomization that the mount does not cross on a node whose root is private", async () => {
    await flux.follow(CLUSTER, { timeout: "15s" });
    await exportedFor("k3s-w1", "--enable", "--set", "markerWaitSeconds=4");
    commit("FUSE propagation test on w1");
    await flux.push(checkout);
    const { ready, message } = await until(
      () => flux.status(),
      (status) => status.ready === "False",
    );
    say(`Ready ${ready}: ${message.slice(0, 120)}`);
    match(message, /fuse-consumer/);
    const found = await verdict("k3s-w1");
    deepEqual([found.verdict, found.cause], ["failure", "node-root-private"]);
    await exported("--disable");
    commit("FUSE propagation test: off");
    const off = await flux.push(checkout);
    await gone();
    await until(
      () => flux.status(),
      (status) => status.ready === "True" && status.revision === off,
    );
    deepEqual(await mounts(), []);
  });

  it("is found in a directory that Flux lists by itself, beside what is there", async () => {
    rmSync(join(checkout, CLUSTER), { recursive: true });
    const theirs = join(checkout, CLUSTER, "their-app");
    mkdirSync(theirs, { recursive: true });
    writeFileSync(join(theirs, "kustomization.yaml"), "resources: [object.yaml]\n");
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "theirs", namespace: "default" } };
    writeFileSync(join(theirs, "object.yaml"), JSON.stringify(object));
    match((await exported("--enable")).stderr, /Flux finds testing there by itself/);
    commit("bootstrapped, with the test on");
    await flux.follow(CLUSTER);
    const on = await flux.push(checkout);
    await until(
      () => flux.status(),
      ({ ready, revision }) => ready === "True" && revision === on,
    );
    equal((await verdict()).verdict, "success");
    await exported("--disable");
    commit("off");
    const off = await flux.push(checkout);
    await gone();
    await until(
      () => flux.status(),
      ({ ready, revision }) => ready === "True" && revision === off,
    );
    succeeded(await kubectl(cluster, ["get", "configmap", "theirs", "-n", "default"]));
  });

  it("is replaced, taken away and awaited by a Flux Kustomization of its own", async () => {
    await flux.follow(CLUSTER, { wait: false });
    await exported("--enable", "--flux-kustomization");
    commit("FUSE propagation test as an app");
    const on = await flux.push(checkout);
    const own = () => flux.status("fuse-propagation-test").catch(() => undefined);
    await until(own, (status) => status?.ready === "True" && status.revision === on);
    equal((await verdict()).verdict, "success");

    await exported("--flux-kustomization", "--set", "run=again");
    commit("another run");
    const from = performance.now();
    const again = await flux.push(checkout);
    await until(own, (status) => status?.ready === "True" && status.revision === again);
    say(`another run, commit to Ready: ${since(from)}`);

    await exported("--disable");
    commit("FUSE propagation test: off");
    const off = performance.now();
    await flux.push(checkout);
    await until(own, (status) => status === undefined);
    const left = await kubectl(cluster, ["get", "namespace", "fuse-test", "--ignore-not-found", "-o", "name"]);
    ok(left.stdout === "", "WaitForTermination: the Kustomization goes last");
    say(`Kustomization of its own, commit to clean: ${since(off)}`);
    deepEqual(await mounts(), []);
  });
});
