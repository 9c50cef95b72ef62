/** The generated admission policies on a real API server, with server-side dry runs: admission decides, nothing is made. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { admission } from "../../core/admission/index.ts";
import { bundle } from "../../core/manifests/index.ts";
import { sweepPod } from "../../core/manifests/sweep.ts";
import { allowedBy, RULES } from "../../core/rules/index.ts";
import { parseSettings } from "../../core/settings/settings.ts";
import { probeScripts } from "../../probe/scripts.ts";
import { type Fixture, fixtures } from "../core/rules/fixtures.ts";
import { kubectl, type SandboxDocument, sandbox, succeeded } from "./sandbox.ts";

const NAMESPACE = "fuse-admission-test";
/** How long the API server may take to put a policy into force. */
const PATIENCE_MS = 30_000;

const scripts = probeScripts();
const settings = parseSettings({ nodes: ["k3s-w2"], namespace: NAMESPACE });
const objects = bundle(settings, scripts);
const policies = admission({ ...allowedBy(settings), scripts, sweep: true });

/** Refused by nothing in the cluster; each says why. */
const NOT_JUDGED: ReadonlySet<string> = new Set(RULES.filter(({ cel }) => "inexpressible" in cel).map(({ id }) => id));

/** Fields of features that this version has off by default: the API server drops them, and what is left is harmless. */
const DROPPED: ReadonlySet<string> = new Set(["certificate-projected.yaml", "volume-image.yaml"]);

const isPod = ({ documents }: Fixture): boolean =>
  documents.length === 1 && documents[0]?.apiVersion === "v1" && documents[0].kind === "Pod";

describe("admission policies", () => {
  let cluster: SandboxDocument;
  let folder: string;

  before(async () => {
    cluster = await sandbox();
    folder = mkdtempSync(join(tmpdir(), "admission-"));
    for (const kind of ["valid", "invalid"] as const) writeFixtures(kind);
    succeeded(await apply([objects.namespace, ...policies]));
    await inForce();
  });

  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    for (const { kind, metadata } of policies) await kubectl(cluster, ["delete", kind, metadata.name, "--wait=false"]);
    await kubectl(cluster, ["delete", "namespace", NAMESPACE, "--wait=true"]);
  });

  it("are taken by the API server without a warning", async () => {
    const { stdout } = succeeded(await kubectl(cluster, ["get", "validatingadmissionpolicy", "-o", "json"]));
    const { items } = JSON.parse(stdout) as {
      items: { metadata: { name: string }; status?: { typeChecking?: { expressionWarnings?: unknown[] } } }[];
    };
    for (const { metadata, status } of items)
      if (policies.some((own) => own.metadata.name === metadata.name))
        assert.deepEqual(status?.typeChecking?.expressionWarnings ?? [], [], metadata.name);
  });

  it("admit the pair, its config map and the sweep", async () => {
    const pods = objects.pods.flatMap(({ producer, consumer }) => [producer, consumer]);
    const sweep = (["check", "unmount"] as const).map((task) =>
      sweepPod(settings, "k3s-w2", task, scripts["sweep.sh"] ?? ""),
    );
    succeeded(await create([objects.probe, ...pods, ...sweep]));
  });

  it("admit every valid fixture", async () => {
    const { stderr } = await kubectl(cluster, ["create", "--dry-run=server", "-f", join(folder, "valid")]);
    assert.equal(stderr.replaceAll(/^Warning: .*\n/gm, ""), "");
  });

  it("deny every hostile pod by the rule it breaks, unless Kubernetes refuses it anyway", async () => {
    const { stdout, stderr } = await kubectl(cluster, ["create", "--dry-run=server", "-f", join(folder, "invalid")]);
    const hostile = fixtures("invalid").filter(
      (fixture) => isPod(fixture) && !NOT_JUDGED.has(fixture.rule) && !DROPPED.has(fixture.name),
    );
    assert.ok(hostile.length > 100);
    assert.ok(!/^pod/m.test(stdout), `admitted:\n${stdout}`);
    let denied = 0;
    for (const { name, rule } of hostile) {
      const words = stderr.split("\n").filter((line) => line.includes(`/${name}"`));
      assert.ok(words.length > 0, `${name} was not denied`);
      if (!words.some((line) => line.includes("ValidatingAdmissionPolicy"))) continue;
      denied += 1;
      assert.ok(
        words.some((line) => line.includes(`denied request: ${rule}: `)),
        `${name}: ${words.join("\n")}`,
      );
    }
    console.log(`      ${denied} of ${hostile.length} denied by the policy, the others by Kubernetes itself`);
    assert.ok(denied >= 15);
  });

  it("deny other kinds, also those that would make pods", async () => {
    const metadata = { name: "x", namespace: NAMESPACE };
    // Valid to Kubernetes, which looks at the object before admission does.
    const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "a", image: "a/b:1" }] } };
    const once = { ...template, spec: { ...template.spec, restartPolicy: "Never" } };
    const selector = { matchLabels: { a: "b" } };
    for (const object of [
      { apiVersion: "apps/v1", kind: "Deployment", metadata, spec: { selector, template } },
      { apiVersion: "apps/v1", kind: "DaemonSet", metadata, spec: { selector, template } },
      { apiVersion: "batch/v1", kind: "Job", metadata, spec: { template: once } },
      { apiVersion: "v1", kind: "PodTemplate", metadata, template },
      { apiVersion: "v1", kind: "ReplicationController", metadata, spec: { selector: { a: "b" }, template } },
      { apiVersion: "v1", kind: "Secret", metadata },
      { apiVersion: "v1", kind: "Service", metadata, spec: { ports: [{ port: 80 }] } },
      { apiVersion: "v1", kind: "ServiceAccount", metadata },
      { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata, rules: [] },
    ]) {
      const { stderr } = await create([object]);
      assert.match(stderr, /denied request: known-kinds-only: /, object.kind);
    }
  });

  it("say nothing about the rest of the cluster, its cluster-wide objects included", async () => {
    const metadata = { name: "fuse-admission-test-elsewhere" };
    succeeded(
      await create([
        { apiVersion: "v1", kind: "Namespace", metadata },
        { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata, rules: [] },
        { apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata, provisioner: "example.com/none" },
        { apiVersion: "v1", kind: "ConfigMap", metadata: { ...metadata, namespace: "default" } },
      ]),
    );
  });

  it("deny a config map that would make the privileged container run something else", async () => {
    const { stderr } = await create([{ ...objects.probe, data: { ...scripts, "producer.sh": "nsenter -t 1 -m sh" } }]);
    assert.match(stderr, /denied request: privileged-producer-only: /);
  });

  it("deny a sweep that is not the project's", async () => {
    const hostile = [
      sweepPod(settings, "k3s-w2", "unmount", "id"),
      {
        ...sweepPod(settings, "k3s-w2", "check", scripts["sweep.sh"] ?? ""),
        metadata: objects.pods[0]?.consumer.metadata,
      },
      sweepPod({ ...settings, bridge: "/etc/x" }, "k3s-w2", "check", scripts["sweep.sh"] ?? ""),
      sweepPod(settings, "k3s-w1", "unmount", scripts["sweep.sh"] ?? ""),
    ];
    for (const pod of hostile) assert.match((await create([pod])).stderr, /denied request: /);
  });

  const list = (items: readonly unknown[]) => JSON.stringify({ apiVersion: "v1", kind: "List", items });
  const apply = (items: readonly unknown[]) => kubectl(cluster, ["apply", "-f", "-"], list(items));
  const create = (items: readonly unknown[]) =>
    kubectl(cluster, ["create", "--dry-run=server", "-f", "-"], list(items));

  function writeFixtures(kind: "valid" | "invalid"): void {
    mkdirSync(join(folder, kind));
    for (const fixture of fixtures(kind)) {
      const { file, name } = fixture;
      if (!isPod(fixture) || DROPPED.has(name)) continue;
      const text = readFileSync(file, "utf8").replaceAll("namespace: fuse-test\n", `namespace: ${NAMESPACE}\n`);
      if (text.includes(`namespace: ${NAMESPACE}\n`)) writeFileSync(join(folder, kind, name), text);
    }
  }

  async function inForce(): Promise<void> {
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "x", namespace: NAMESPACE } };
    const pod = { ...objects.pods[0]?.consumer, metadata: { name: "x", namespace: NAMESPACE } };
    const hostile = { ...pod, spec: { ...pod.spec, hostNetwork: true } };
    for (const until = Date.now() + PATIENCE_MS; ; await sleep(250)) {
      const answers = [await create([secret]), await create([hostile])];
      if (answers.every(({ stderr }) => stderr.includes("denied request"))) return;
      if (Date.now() > until) assert.fail(`the policies are not in force: ${answers.map(({ stderr }) => stderr)}`);
    }
  }
});
