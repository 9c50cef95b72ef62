/** The pack as Pulumi's Node.js host starts it: through the SDK's own runner, spoken to over the analyzer protocol. */
import assert from "node:assert/strict";
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import analyzer from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import pb from "@pulumi/pulumi/proto/analyzer_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { PROJECT } from "../../core/contract/names.ts";
import { bundle } from "../../core/manifests/index.ts";
import { RULES } from "../../core/rules/index.ts";
import { parseSettings } from "../../core/settings/settings.ts";
import { probeScripts } from "../../probe/scripts.ts";
import { brokenPods } from "../core/rules/fixtures.ts";
import { oldNode, type Running, startPack } from "../runner.ts";
import { until } from "../until.ts";

type Value = Parameters<typeof structPb.Struct.fromJavaScript>[0];
type Answer = InstanceType<typeof pb.AnalyzeResponse>;

const PACK = join(import.meta.dirname, "..", "..", "policy");

describe("the policy pack under the SDK's runner", () => {
  let pack: Running;
  let client: InstanceType<typeof analyzer.AnalyzerClient>;
  const call = <Response>(send: (done: (error: grpc.ServiceError | null, response: Response) => void) => unknown) =>
    new Promise<Response>((resolve, reject) => send((error, response) => (error ? reject(error) : resolve(response))));

  before(async () => {
    pack = startPack(PACK);
    client = new analyzer.AnalyzerClient(`127.0.0.1:${await pack.port}`, grpc.credentials.createInsecure());
  });
  after(async () => {
    client?.close();
    await pack.stop();
  });

  /** Which policies refuse the resource, each with its level. */
  async function refused(type: string, name: string, props: object): Promise<string[]> {
    const request = new pb.AnalyzeRequest()
      .setType(type)
      .setName(name)
      .setUrn(`urn:pulumi:test::${PROJECT}::${type}::${name}`)
      .setProperties(structPb.Struct.fromJavaScript(JSON.parse(JSON.stringify(props)) as Value))
      .setOptions(new pb.AnalyzerResourceOptions())
      .setProvider(
        new pb.AnalyzerProviderResource().setType("pulumi:providers:x").setProperties(new structPb.Struct()),
      );
    const answer = await call<Answer>((done) => client.analyze(request, done));
    return answer
      .getDiagnosticsList()
      .map((found) => `${found.getPolicyname()} ${found.getEnforcementlevel() === pb.EnforcementLevel.MANDATORY}`);
  }

  async function configure(nodes: readonly string[]): Promise<void> {
    const request = new pb.ConfigureAnalyzerRequest();
    for (const { id } of RULES)
      request
        .getPolicyconfigMap()
        .set(
          id,
          new pb.PolicyConfig()
            .setEnforcementlevel(pb.EnforcementLevel.MANDATORY)
            .setProperties(structPb.Struct.fromJavaScript({ nodes: [...nodes] })),
        );
    await call((done) => client.configure(request, done));
  }

  it("names itself and a mandatory policy for each rule", async () => {
    const info = await call<InstanceType<typeof pb.AnalyzerInfo>>((done) =>
      client.getAnalyzerInfo(new emptyPb.Empty(), done),
    );
    assert.equal(info.getName(), PROJECT);
    assert.deepEqual(
      info.getPoliciesList().map((policy) => [policy.getName(), policy.getEnforcementlevel()]),
      RULES.map(({ id }) => [id, pb.EnforcementLevel.MANDATORY]),
    );
  });

  it("takes its configuration: another node is allowed by it alone", async () => {
    const { pods } = bundle(parseSettings({ nodes: ["k3s-w1"] }), probeScripts());
    const { consumer } = pods[0] ?? assert.fail("a pair for the node");
    await configure(["k3s-w1"]);
    assert.deepEqual(await refused("kubernetes:core/v1:Pod", "consumer", consumer), []);
    await configure(["k3s-w2"]);
    assert.deepEqual(await refused("kubernetes:core/v1:Pod", "consumer", consumer), ["pinned-to-test-node true"]);
  });

  it("lets a clean stack through, resource by resource and as a whole", async () => {
    const { namespace, probe, pods } = bundle(parseSettings({ nodes: ["k3s-w2"] }), probeScripts());
    const made: readonly [string, object][] = [
      ["kubernetes:core/v1:Namespace", namespace],
      ["kubernetes:core/v1:ConfigMap", probe],
      ...pods.flatMap(({ producer, consumer }) =>
        [producer, consumer].map((pod) => ["kubernetes:core/v1:Pod", pod] as [string, object]),
      ),
    ];
    const whole = new pb.AnalyzeStackRequest();
    for (const [index, [type, props]] of made.entries()) {
      assert.deepEqual(await refused(type, `made-${index}`, props), [], type);
      whole.addResources(
        new pb.AnalyzerResource()
          .setType(type)
          .setName(`made-${index}`)
          .setUrn(`urn:pulumi:test::${PROJECT}::${type}::made-${index}`)
          .setProperties(structPb.Struct.fromJavaScript(JSON.parse(JSON.stringify(props)) as Value))
          .setOptions(new pb.AnalyzerResourceOptions()),
      );
    }
    const answer = await call<Answer>((done) => client.analyzeStack(whole, done));
    assert.deepEqual(answer.getDiagnosticsList(), []);
  });

  for (const { id } of RULES)
    it(`refuses a breach of ${id}`, async () => {
      const broken = brokenPods().find(({ rule }) => rule === id)?.documents[0];
      const [type, props] =
        id === "no-opaque-sources"
          ? ["command:local:Command", { create: "id" }]
          : id === "known-kinds-only"
            ? [
                "kubernetes:core/v1:Service",
                {
                  apiVersion: "v1",
                  kind: "Service",
                  metadata: { name: "x", namespace: "fuse-test" },
                  spec: { ports: [{ port: 80 }] },
                },
              ]
            : ["kubernetes:core/v1:Pod", broken ?? assert.fail(`a broken pod for ${id}`)];
      const found = await refused(type as string, id, props as object);
      assert.deepEqual([...new Set(found)], [`${id} true`]);
    });

  it("keeps what it has compiled, though the engine ends it by a signal", async () => {
    const folder = mkdtempSync(join(tmpdir(), "compiled-"));
    const another = startPack(PACK, ["env", `NODE_COMPILE_CACHE=${folder}`, process.execPath]);
    await another.port;
    const compiled = () => globSync(`${folder}/*/*`).length;
    // It writes one file after the other, while it waits for the engine: on a busy machine for seconds.
    await until(compiled, (modules) => modules > 100);
    await another.stop();
    const kept = compiled();
    rmSync(folder, { recursive: true });
    assert.ok(kept > 100, `${kept} modules`);
  });

  it("names the Node it needs on an older one", async () => {
    const { node, version } = oldNode();
    const { code, said } = await startPack(PACK, node).ended;
    assert.equal(code, 32);
    assert.match(
      said,
      new RegExp(`^error: \\[runtime\\] this needs Node 22\\.18 or later, and there is ${version}: .*\\.\n$`),
    );
  });
});
