/** The examples as Pulumi's Node.js host starts them: through the SDK's own runners. */
import assert from "node:assert/strict";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import analyzer from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import analyzerPb from "@pulumi/pulumi/proto/analyzer_pb.js";
import engineServices from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import enginePb from "@pulumi/pulumi/proto/engine_pb.js";
import monitorServices from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import monitorPb from "@pulumi/pulumi/proto/resource_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { bundle } from "../../core/manifests/index.ts";
import { RULES } from "../../core/rules/index.ts";
import { parseSettings } from "../../core/settings/settings.ts";
import { probeScripts } from "../../probe/scripts.ts";
import { type Running, startPack, startProgram } from "../runner.ts";

type Value = Parameters<typeof structPb.Struct.fromJavaScript>[0];
type Unary<Request> = grpc.handleUnaryCall<Request, unknown>;

const EXAMPLES = join(import.meta.dirname, "..", "..", "examples");

describe("examples under the SDK's runners", () => {
  describe("the programs", () => {
    const said: string[] = [];
    const registered: string[] = [];
    /** Names of what the engine leaves alone at destroy, each with the name of what takes it away. */
    const leftTo = new Map<string, string>();
    let server: grpc.Server;
    let address: string;

    /** An engine and a resource monitor that make nothing. */
    before(async () => {
      const nothing: Unary<unknown> = (_, done) => done(null, new emptyPb.Empty());
      server = new grpc.Server();
      server.addService(engineServices.EngineService, {
        log: (({ request }, done) => {
          said.push(request.getMessage());
          done(null, new emptyPb.Empty());
        }) as Unary<InstanceType<typeof enginePb.LogRequest>>,
        getRootResource: (_: unknown, done: grpc.sendUnaryData<unknown>) =>
          done(null, new enginePb.GetRootResourceResponse()),
        setRootResource: (_: unknown, done: grpc.sendUnaryData<unknown>) =>
          done(null, new enginePb.SetRootResourceResponse()),
      } as never);
      server.addService(monitorServices.ResourceMonitorService, {
        supportsFeature: ((_, done) =>
          done(null, new monitorPb.SupportsFeatureResponse().setHassupport(true))) as Unary<unknown>,
        registerResource: (({ request }, done) => {
          registered.push(`${request.getType()} ${request.getName()}`);
          const deletedWith = request.getDeletedwith();
          if (deletedWith !== "") leftTo.set(request.getName(), deletedWith.split("::").at(-1) ?? "");
          const urn = `urn:pulumi:test::examples::${request.getType()}::${request.getName()}`;
          const response = new monitorPb.RegisterResourceResponse().setUrn(urn).setObject(request.getObject());
          done(null, response);
        }) as Unary<InstanceType<typeof monitorPb.RegisterResourceRequest>>,
        registerResourceOutputs: nothing,
        signalAndWaitForShutdown: nothing,
      } as never);
      const port = await new Promise<number>((resolve, reject) =>
        server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
          error ? reject(error) : resolve(bound),
        ),
      );
      address = `127.0.0.1:${port}`;
    });
    after(() => server.forceShutdown());

    const PROGRAMS = {
      "own-program": { "media:node": "storage-1" },
      "several-nodes": { "fuse-nodes:nodes": '["storage-1","storage-2"]' },
      "existing-provider": {
        "fuse-homelab:node": "storage-1",
        "fuse-homelab:kubeconfig": "/kubeconfig",
        "fuse-homelab:context": "homelab",
      },
    };
    it("run to their end", async () => {
      const starts = Object.entries(PROGRAMS).map(async ([name, config]) => {
        const { ended } = startProgram(join(EXAMPLES, name), { monitor: address, engine: address }, config);
        const { code, said: printed } = await ended;
        assert.equal(code, 0, `${name}: ${printed}${said.join("\n")}`);
      });
      await Promise.all(starts);
      const tests = registered.filter((one) => one === "fuse-propagation-test:index:FusePropagationTest fuse");
      assert.equal(tests.length, starts.length, registered.join("\n"));
      // All else is deleted by the engine, after the pods.
      const pods = ["storage-1", "storage-2"].flatMap((node) => [`fuse-${node}-consumer`, `fuse-${node}-producer`]);
      assert.deepEqual([...leftTo.keys()].sort(), [...pods, "fuse-sweep"].sort());
      assert.deepEqual([...new Set(leftTo.values())], ["fuse-teardown"]);
    });
  });

  describe("the policy pack", () => {
    let pack: Running;
    let client: InstanceType<typeof analyzer.AnalyzerClient>;
    const call = <Response>(send: (done: (error: grpc.ServiceError | null, response: Response) => void) => unknown) =>
      new Promise<Response>((resolve, reject) =>
        send((error, response) => (error ? reject(error) : resolve(response))),
      );

    /** As the engine does: it asks for the configuration that the pack brings, and hands it back. */
    before(async () => {
      pack = startPack(join(EXAMPLES, "policy-pack"));
      client = new analyzer.AnalyzerClient(`127.0.0.1:${await pack.port}`, grpc.credentials.createInsecure());
      const info = await call<InstanceType<typeof analyzerPb.AnalyzerInfo>>((done) =>
        client.getAnalyzerInfo(new emptyPb.Empty(), done),
      );
      assert.deepEqual(
        info.getPoliciesList().map((policy) => [policy.getName(), policy.getEnforcementlevel()]),
        [...RULES.map(({ id }) => id), "known-image-sources"].map((id) => [id, analyzerPb.EnforcementLevel.MANDATORY]),
      );
      const request = new analyzerPb.ConfigureAnalyzerRequest();
      info.getInitialconfigMap().forEach((config, name) => {
        request.getPolicyconfigMap().set(name, config);
      });
      await call((done) => client.configure(request, done));
    });
    after(async () => {
      client?.close();
      await pack.stop();
    });

    /** Which policies refuse the pod. */
    async function refused(pod: object): Promise<string[]> {
      const type = "kubernetes:core/v1:Pod";
      const request = new analyzerPb.AnalyzeRequest()
        .setType(type)
        .setName("pod")
        .setUrn(`urn:pulumi:test::media::${type}::pod`)
        .setProperties(structPb.Struct.fromJavaScript(JSON.parse(JSON.stringify(pod)) as Value))
        .setOptions(new analyzerPb.AnalyzerResourceOptions())
        .setProvider(
          new analyzerPb.AnalyzerProviderResource()
            .setType("pulumi:providers:kubernetes")
            .setProperties(new structPb.Struct()),
        );
      const answer = await call<InstanceType<typeof analyzerPb.AnalyzeResponse>>((done) =>
        client.analyze(request, done),
      );
      return [...new Set(answer.getDiagnosticsList().map((found) => found.getPolicyname()))];
    }

    const podsOf = (node: string, image?: string) => {
      const images = image ? { producerImage: image, consumerImage: image } : {};
      const [pair] = bundle(parseSettings({ nodes: [node], ...images }), probeScripts()).pods;
      return pair ?? assert.fail("a pair for the node");
    };

    it("lets the test's pods through, on its own nodes and from its own sources", async () => {
      for (const node of ["storage-1", "storage-2"]) {
        const { producer, consumer } = podsOf(node);
        assert.deepEqual([await refused(producer), await refused(consumer)], [[], []]);
      }
    });

    it("refuses another node, and an image from elsewhere", async () => {
      assert.deepEqual(await refused(podsOf("k3s-w2").consumer), ["pinned-to-test-node"]);
      assert.deepEqual(await refused(podsOf("storage-1", "example.org/fuse:1.0").consumer), ["known-image-sources"]);
    });

    it("judges the rest of a stack by its own policy only", async () => {
      const pod = { metadata: { name: "web", namespace: "web" }, spec: { containers: [{ image: "web" }] } };
      assert.deepEqual(await refused(pod), ["known-image-sources"]);
    });
  });
});
