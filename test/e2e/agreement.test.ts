/** The admission policies and the rules, asked about the same pods: on what the API server takes they agree. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { CoreV1Api, KubeConfig, type V1Pod, VersionApi } from "@kubernetes/client-node";
import { admission } from "../../core/admission/index.ts";
import { bundle } from "../../core/manifests/index.ts";
import { allowedBy } from "../../core/rules/index.ts";
import { parseSettings } from "../../core/settings/settings.ts";
import { probeScripts } from "../../probe/scripts.ts";
import { type Answer, askBoth, ON_SINCE } from "../fuzz/agreement.ts";
import { pod } from "../fuzz/pods.ts";
import { random } from "../fuzz/random.ts";
import { kubectl, type SandboxDocument, sandbox, succeeded } from "./sandbox.ts";

const NAMESPACE = "fuse-agreement-test";
const PODS = 600;
/** How long the API server may take to put a policy into force. */
const PATIENCE_MS = 30_000;
const SEED = Math.floor(Date.now() / 1000) % 1_000_000_000;

const scripts = probeScripts();
const settings = parseSettings({ nodes: ["k3s-w2"], namespace: NAMESPACE });
const allowed = { ...allowedBy(settings), scripts, sweep: true };
const policies = admission(allowed);

describe("admission policies beside the rules", () => {
  let cluster: SandboxDocument;
  let api: CoreV1Api;
  let minor: number;

  before(async () => {
    cluster = await sandbox();
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    api = config.makeApiClient(CoreV1Api);
    minor = Number((await config.makeApiClient(VersionApi).getCode()).minor);
    const { namespace } = bundle(settings, scripts);
    const list = { apiVersion: "v1", kind: "List", items: [namespace, ...policies] };
    succeeded(await kubectl(cluster, ["apply", "-f", "-"], JSON.stringify(list)));
    const [fine] = bundle(settings, scripts).pods;
    const hostile = { ...fine?.consumer, spec: { ...fine?.consumer.spec, hostNetwork: true } };
    for (const until = Date.now() + PATIENCE_MS; (await ask(hostile)).says !== "denies"; await sleep(250))
      assert.ok(Date.now() < until, "the policies are not in force");
  });
  after(async () => {
    for (const { kind, metadata } of policies) await kubectl(cluster, ["delete", kind, metadata.name, "--wait=false"]);
    await kubectl(cluster, ["delete", "namespace", NAMESPACE, "--wait=true"]);
  });

  it(`agree on what the API server takes (seed ${SEED})`, async () => {
    const counts = { admits: 0, denies: 0, invalid: 0 };
    const different: string[] = [];
    for (let seed = SEED; seed < SEED + PODS; seed++) {
      const { says, differ } = await askBoth(pod(random(seed), NAMESPACE), allowed, ask, minor);
      counts[says] += 1;
      if (differ) different.push(`seed ${seed}: ${differ}`);
    }
    console.log(
      `      of ${PODS} pods the API server admits ${counts.admits}, denies ${counts.denies}, ${counts.invalid} are no valid pods`,
    );
    assert.deepEqual(different, []);
    assert.ok(counts.admits > PODS / 20 && counts.denies > PODS / 50, JSON.stringify(counts));
  });

  it("agree on a pod with a volume of a feature that is off in older versions", async () => {
    const [fine] = bundle(settings, scripts).pods;
    assert.ok(fine);
    const { metadata, spec } = JSON.parse(JSON.stringify(fine.consumer));
    const volumes = [{ name: "x", image: { reference: "example.com/x:1" } }, ...spec.volumes];
    const sent = { apiVersion: "v1", kind: "Pod", metadata, spec: { ...spec, volumes } };
    const says = minor < ON_SINCE.ImageVolume ? "admits" : "denies";
    assert.deepEqual(await askBoth(sent, allowed, ask, minor), { says, differ: undefined });
  });

  /** What the API server says of a pod; nothing is made. */
  async function ask(body: object): Promise<Answer> {
    try {
      const stored = await api.createNamespacedPod({
        namespace: NAMESPACE,
        body: body as V1Pod,
        dryRun: "All",
        fieldValidation: "Strict",
      });
      // As JSON has it: the client has a place for every field that there could be.
      return { says: "admits", stored: JSON.parse(JSON.stringify(stored)) };
    } catch (error) {
      const { code, body: words } = error as { code?: number; body?: unknown };
      if (code === undefined) throw error;
      const denied = code === 403 && String(JSON.stringify(words)).includes("ValidatingAdmissionPolicy");
      return { says: denied ? "denies" : "invalid" };
    }
  }
});
