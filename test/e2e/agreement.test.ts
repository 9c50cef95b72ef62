/** The admission policies and the rules, asked about the same pods: on what the API server takes they agree. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { CoreV1Api, KubeConfig, type V1Pod } from "@kubernetes/client-node";
import { admission } from "../../core/admission/index.ts";
import { bundle } from "../../core/manifests/index.ts";
import { allowedBy, judge } from "../../core/rules/index.ts";
import { parseSettings } from "../../core/settings/settings.ts";
import { probeScripts } from "../../probe/scripts.ts";
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

  before(async () => {
    cluster = await sandbox();
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    api = config.makeApiClient(CoreV1Api);
    const { namespace } = bundle(settings, scripts);
    const list = { apiVersion: "v1", kind: "List", items: [namespace, ...policies] };
    succeeded(await kubectl(cluster, ["apply", "-f", "-"], JSON.stringify(list)));
    const [fine] = bundle(settings, scripts).pods;
    const hostile = { ...fine?.consumer, spec: { ...fine?.consumer.spec, hostNetwork: true } };
    for (const until = Date.now() + PATIENCE_MS; (await says(hostile)) !== "denies"; await sleep(250))
      assert.ok(Date.now() < until, "the policies are not in force");
  });
  after(async () => {
    for (const { kind, metadata } of policies) await kubectl(cluster, ["delete", kind, metadata.name, "--wait=false"]);
    await kubectl(cluster, ["delete", "namespace", NAMESPACE, "--wait=true"]);
  });

  it(`agree on what the API server takes (seed ${SEED})`, async () => {
    const counts = { admits: 0, denies: 0, "takes it not": 0 };
    const differ: string[] = [];
    for (let seed = SEED; seed < SEED + PODS; seed++) {
      const made = pod(random(seed), NAMESPACE);
      const answer = await says(made);
      counts[answer] += 1;
      const [first] = judge(made, allowed);
      if (answer !== "takes it not" && (answer === "denies") !== (first !== undefined))
        differ.push(`seed ${seed}: the cluster ${answer} ${JSON.stringify(made)}, the rules say ${first?.message}`);
    }
    console.log(
      `      of ${PODS} pods the cluster admits ${counts.admits}, denies ${counts.denies}, takes ${counts["takes it not"]} not at all`,
    );
    assert.deepEqual(differ, []);
    assert.ok(counts.admits > PODS / 20 && counts.denies > PODS / 50, JSON.stringify(counts));
  });

  /** What admission says of a pod; nothing is made. */
  async function says(body: object): Promise<"admits" | "denies" | "takes it not"> {
    try {
      await api.createNamespacedPod({
        namespace: NAMESPACE,
        body: body as V1Pod,
        dryRun: "All",
        fieldValidation: "Strict",
      });
      return "admits";
    } catch (error) {
      const { code, body: words } = error as { code?: number; body?: unknown };
      if (code === undefined) throw error;
      return code === 403 && String(JSON.stringify(words)).includes("ValidatingAdmissionPolicy")
        ? "denies"
        : "takes it not";
    }
  }
});
