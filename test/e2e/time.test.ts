import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { KubeConfig, type V1Namespace, Watch } from "@kubernetes/client-node";
import { parseRecord } from "../../core/contract/records.ts";
import { bundle } from "../../core/manifests/index.ts";
import { parseSettings } from "../../core/settings/settings.ts";
import { probeScripts } from "../../probe/scripts.ts";
import { kubectl, leaveSandbox, type SandboxDocument, sandbox, succeeded } from "./sandbox.ts";

const ROUNDS = 3;
/** The engine, its provider and the collector may cost this much more than bare kubectl, from the first object on. */
const MOST_RATIO = 3;

const TOLERATIONS = [{ key: "node.longhorn.io/storage", value: "enabled", effect: "NoSchedule" as const }];

describe("time to verdict on k3s-w2, from the first object created", () => {
  let cluster: SandboxDocument;
  before(async () => {
    cluster = await sandbox();
  });
  after(async () => {
    await leaveSandbox();
  });

  it(`is at most ${MOST_RATIO} times what kubectl apply of the same objects needs`, async () => {
    const ours: number[] = [];
    const bare: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      bare.push(await byKubectl(cluster));
      ours.push(await byStart(cluster));
    }
    const ratio = median(ours) / median(bare);
    const list = (all: number[]) => all.map((seconds) => seconds.toFixed(2)).join(" ");
    console.log(
      `      kubectl apply -> nonce read: ${list(bare)} s; npm start -> verdict: ${list(ours)} s; ratio ${ratio.toFixed(2)}`,
    );
    assert.ok(ratio <= MOST_RATIO, `ratio ${ratio}`);
  });
});

/** From the namespace's creation to the consumer's own reading of the nonce, by the kernel's one clock. */
async function byKubectl(cluster: SandboxDocument): Promise<number> {
  const { producer } = cluster.images;
  const settings = parseSettings({
    nodes: ["k3s-w2"],
    producerImage: producer,
    consumerImage: producer,
    tolerations: TOLERATIONS,
  });
  const { namespace, probe, pods } = bundle(settings, probeScripts());
  const items = [namespace, probe, ...pods.flatMap((pair) => [pair.producer, pair.consumer])];
  const created = namespaceCreated(cluster);
  succeeded(await kubectl(cluster, ["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items })));
  for (;;) {
    const { stdout } = await kubectl(cluster, ["logs", "-n", "fuse-test", "fuse-consumer", "-c", "fuse-consumer"]);
    const read = stdout
      .split("\n")
      .map(parseRecord)
      .find((record) => record?.step === "read" && record.result === "ok");
    if (read) {
      await kubectl(cluster, ["delete", "namespace", "fuse-test"]);
      return read.uptime - (await created);
    }
    await sleep(200);
  }
}

/** From the namespace's creation to the verdict on the user's terminal. */
async function byStart(cluster: SandboxDocument): Promise<number> {
  const { producer } = cluster.images;
  const created = namespaceCreated(cluster);
  const child = spawn(
    process.execPath,
    [
      ...["cli/main.ts", "start", "--kubeconfig", cluster.kubeconfig, "--context", cluster.context],
      ...["--set", `producerImage=${producer}`, `consumerImage=${producer}`],
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let known = Number.NaN;
  for await (const line of createInterface({ input: child.stderr }))
    if (/^✓ k3s-w2 {2}success/.test(line)) {
      known = uptime();
      // The grade takes half a minute more, and is not what is measured here.
      child.kill("SIGINT");
    }
  assert.ok(known > 0, "it must say the verdict");
  return known - (await created);
}

/** The uptime at which the namespace is there. */
async function namespaceCreated(cluster: SandboxDocument): Promise<number> {
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  const { promise, resolve } = Promise.withResolvers<number>();
  const query = { fieldSelector: "metadata.name=fuse-test" };
  const onChange = (type: string, _: V1Namespace) => type === "ADDED" && resolve(uptime());
  const controller = await new Watch(config).watch("/api/v1/namespaces", query, onChange, () => undefined);
  const at = await promise;
  controller.abort();
  return at;
}

const uptime = (): number => Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
const median = (all: readonly number[]): number =>
  [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;
