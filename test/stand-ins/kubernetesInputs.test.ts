import assert from "node:assert/strict";
import { kubernetesProvider } from "../../stand-ins/kubernetes/provider.ts";
import type { Provider } from "../../stand-ins/protocol/provider.ts";
import { type Bag, UNKNOWN } from "../../stand-ins/protocol/values.ts";
import { FakeApiServer } from "./fakeApiServer.ts";

const MAP: Bag = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c", namespace: "n" }, data: { a: "1" } };
const TYPE = "kubernetes:core/v1:ConfigMap";
const MAP_TYPE = { urn: `urn:pulumi:s::p::${TYPE}::logical`, name: "logical", type: TYPE, timeoutSeconds: 0 };

describe("kubernetes plugin: inputs", () => {
  let server: FakeApiServer;
  let provider: Provider;

  beforeEach(async () => {
    server = new FakeApiServer();
    await server.start();
    provider = kubernetesProvider({ status: () => {} });
    await provider.configure({ kubeconfig: server.kubeconfig });
  });
  afterEach(() => server.stop());

  describe("check", () => {
    const check = (type: string, news: Bag, olds: Bag = {}) => provider.check({ name: "logical", type, news, olds });

    it("fills in the namespace of the context, for namespaced kinds only", async () => {
      const map = await check(MAP_TYPE.type, { ...MAP, metadata: { name: "c" } });
      assert.deepEqual(map.inputs.metadata, { name: "c", namespace: "home" });
      const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "x" } };
      assert.deepEqual((await check("kubernetes:core/v1:Namespace", namespace)).inputs, namespace);
    });

    it("takes apiVersion and kind from the type when they are absent", async () => {
      const { inputs } = await check(MAP_TYPE.type, { metadata: { name: "c", namespace: "n" } });
      assert.deepEqual([inputs.apiVersion, inputs.kind], ["v1", "ConfigMap"]);
    });

    it("names an object after the resource, and keeps that name", async () => {
      const first = (await check(MAP_TYPE.type, { ...MAP, metadata: { namespace: "n" } })).inputs.metadata as Bag;
      assert.match(String(first.name), /^logical-[a-z0-9]{7}$/);
      assert.deepEqual(first.annotations, { "pulumi.com/autonamed": "true" });
      const second = await check(MAP_TYPE.type, { ...MAP, metadata: { namespace: "n" } }, { metadata: first });
      assert.equal((second.inputs.metadata as Bag).name, first.name);
    });

    it("leaves unknown values alone", async () => {
      const inputs = { ...MAP, metadata: { name: UNKNOWN, namespace: UNKNOWN } };
      assert.deepEqual(await check(MAP_TYPE.type, inputs), { inputs, failures: [] });
    });

    for (const type of [
      "kubernetes:core/v1:PodPatch",
      "kubernetes:core/v1:PodList",
      "kubernetes:helm.sh/v3:Release",
      "kubernetes:yaml/v2:ConfigGroup",
    ]) {
      it(`refuses ${type}`, async () => {
        const { failures } = await check(type, { metadata: { name: "x" } });
        assert.match(failures[0]?.reason ?? "", /needs the official kubernetes plugin/);
      });
    }
  });

  describe("configuration", () => {
    const failing = (settings: Bag) => async () => {
      await provider.configure(settings);
      await provider.create({ ...MAP_TYPE, inputs: MAP, preview: false });
    };

    it("errors name the file, the context and what there is instead", async () => {
      await assert.rejects(
        failing({ kubeconfig: "/no/such/file" }),
        /Cannot read the kubeconfig \/no\/such\/file: ENOENT/,
      );
      await assert.rejects(
        failing({ kubeconfig: server.kubeconfig, context: "typo" }),
        /no context named "typo"; it has: fake/,
      );
      await assert.rejects(failing({ kubeconfig: "{}" }), /has no current-context/);
    });

    it("a refused log-in is reported in the words of the server", async () => {
      const kubeconfig = server.kubeconfig.replace("let-me-in", "wrong");
      await assert.rejects(failing({ kubeconfig }), /who are you\? \(401/);
    });
  });
});
