/** The program as Pulumi's Node.js host starts it: through the SDK's own runner, with a resource monitor of ours. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import engineServices from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import enginePb from "@pulumi/pulumi/proto/engine_pb.js";
import services from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import pb from "@pulumi/pulumi/proto/resource_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { oldNode, startProgram } from "./runner.ts";

type Call<Request> = { readonly request: Request };
type Done = (error: null, response: unknown) => void;

describe("the program under the SDK's runner", function () {
  this.timeout(60_000);
  const logged: string[] = [];
  const registered: string[] = [];
  const server = new grpc.Server();
  const folder = mkdtempSync(join(tmpdir(), "program-"));
  let address = "";

  before(async () => {
    // Only what the runner calls in a preview; anything else is refused as not implemented.
    server.addService(services.ResourceMonitorService, {
      supportsFeature: (_: unknown, done: Done) => done(null, new pb.SupportsFeatureResponse().setHassupport(true)),
      registerResource: ({ request }: Call<InstanceType<typeof pb.RegisterResourceRequest>>, done: Done) => {
        registered.push(request.getType());
        const urn = `urn:pulumi:test::fuse-propagation-test::${request.getType()}::${request.getName()}`;
        done(null, new pb.RegisterResourceResponse().setUrn(urn).setObject(request.getObject()));
      },
      registerResourceOutputs: (_: unknown, done: Done) => done(null, new emptyPb.Empty()),
      signalAndWaitForShutdown: (_: unknown, done: Done) => done(null, new emptyPb.Empty()),
    } as unknown as grpc.UntypedServiceImplementation);
    server.addService(engineServices.EngineService, {
      log: ({ request }: Call<InstanceType<typeof enginePb.LogRequest>>, done: Done) => {
        if (request.getSeverity() > 0) logged.push(request.getMessage());
        done(null, new emptyPb.Empty());
      },
      getRootResource: (_: unknown, done: Done) => done(null, new enginePb.GetRootResourceResponse()),
      setRootResource: (_: unknown, done: Done) => done(null, new enginePb.SetRootResourceResponse()),
    } as unknown as grpc.UntypedServiceImplementation);
    address = await new Promise<string>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(`127.0.0.1:${port}`),
      ),
    );
    writeFileSync(join(folder, "kubeconfig"), "apiVersion: v1\nkind: Config\n");
  });
  after(() => {
    server.forceShutdown();
    rmSync(folder, { recursive: true });
  });

  const run = (node?: readonly string[]) => {
    logged.length = 0;
    registered.length = 0;
    const addresses = { monitor: address, engine: address };
    return startProgram(addresses, { nodes: '["k3s-w2"]', kubeconfig: join(folder, "kubeconfig") }, node).ended;
  };

  it("registers the test", async () => {
    const { code, said } = await run();
    assert.deepEqual([code, said, logged], [0, "", []]);
    assert.ok(registered.includes("fuse-propagation-test:index:FusePropagationTest"), registered.join());
    assert.equal(registered.filter((type) => type === "kubernetes:core/v1:Pod").length, 2);
  });

  it("names the Node it needs on an older one, before anything else is loaded", async () => {
    const { node, version } = oldNode();
    const { code, said } = await run(node);
    // 32: the runner has told the user, and the engine adds nothing.
    assert.deepEqual([code, said], [32, ""]);
    assert.equal(logged.length, 1);
    assert.match(logged[0] ?? "", new RegExp(`^this needs Node 22\\.18 or later, and there is ${version}: .*\\.$`));
    assert.deepEqual(registered, ["pulumi:pulumi:Stack"]);
  });
});
