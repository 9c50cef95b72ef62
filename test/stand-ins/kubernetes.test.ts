import assert from "node:assert/strict";
import { kubernetesProvider } from "../../stand-ins/kubernetes/provider.ts";
import { NotReadyError, type Provider } from "../../stand-ins/protocol/provider.ts";
import { type Bag, UNKNOWN } from "../../stand-ins/protocol/values.ts";
import { until } from "../until.ts";
import { FakeApiServer } from "./fakeApiServer.ts";

const POD_PATH = "/api/v1/namespaces/n/pods/p";
const POD: Bag = { apiVersion: "v1", kind: "Pod", metadata: { name: "p", namespace: "n" }, spec: { containers: [] } };
const MAP: Bag = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c", namespace: "n" }, data: { a: "1" } };
const on = (type: string) => ({ urn: `urn:pulumi:s::p::${type}::logical`, name: "logical", type, timeoutSeconds: 0 });
const MAP_TYPE = on("kubernetes:core/v1:ConfigMap");
const POD_TYPE = on("kubernetes:core/v1:Pod");

describe("kubernetes plugin: objects", () => {
  let server: FakeApiServer;
  let provider: Provider;
  let progress: string[];

  beforeEach(async () => {
    server = new FakeApiServer();
    await server.start();
    progress = [];
    provider = kubernetesProvider({ status: (_, line) => progress.push(line) });
    await provider.configure({ kubeconfig: server.kubeconfig });
  });
  afterEach(() => server.stop());

  const isWatched = () => until(() => server.watcherCount === 1, Boolean, { everyMs: 5 });

  describe("create", () => {
    it("applies on the server's side and returns the live object", async () => {
      const { id, outputs } = await provider.create({ ...MAP_TYPE, inputs: MAP, preview: false });
      const patch = server.requests.find(({ method }) => method === "PATCH");
      assert.equal(patch?.contentType, "application/apply-patch+yaml");
      assert.equal(patch?.url.pathname, "/api/v1/namespaces/n/configmaps/c");
      assert.equal(patch?.url.search, "?fieldManager=pulumi-kubernetes-offline&force=false");
      assert.deepEqual(patch?.body, MAP);
      assert.equal(id, "n/c");
      assert.deepEqual(
        [outputs.data, (outputs.metadata as Bag).uid, (outputs.metadata as Bag).managedFields],
        [{ a: "1" }, "uid-2", undefined],
      );
    });

    it("passes on what the server says, in full", async () => {
      const message =
        'pods "p" is forbidden: violates PodSecurity "baseline:latest": hostPath volumes (volume "bridge"), privileged (container "c" must not set securityContext.privileged=true)';
      const causes = [{ reason: "FieldValueInvalid", field: "spec.x", message: "must be a number" }];
      server.intercept = ({ method }) =>
        method === "PATCH" ? { code: 403, body: { reason: "Forbidden", message, details: { causes } } } : undefined;
      await assert.rejects(provider.create({ ...POD_TYPE, inputs: POD, preview: false }), (error: Error) => {
        const words = `resource "${POD_TYPE.urn}" was not successfully created by the Kubernetes API server: ${message}`;
        assert.ok(error.message.startsWith(`${words} (403 Forbidden, PATCH ${POD_PATH})`), error.message);
        assert.match(error.message, /\n {2}- spec\.x: must be a number$/);
        return true;
      });
    });

    it("does not take over an object that is there, unless the provider says so", async () => {
      server.objects.set(POD_PATH, { ...POD, metadata: { ...(POD.metadata as Bag), uid: "theirs" } });
      const creating = () => provider.create({ ...POD_TYPE, inputs: POD, preview: false });
      await assert.rejects(creating(), /pods "p" already exists \(409 AlreadyExists/);
      assert.ok(!server.requests.some(({ method }) => method !== "GET"), "only looked");
      await provider.configure({ kubeconfig: server.kubeconfig, upsertExistingObjects: "true" });
      const annotations = { "pulumi.com/skipAwait": "true" };
      const inputs = { ...POD, metadata: { ...(POD.metadata as Bag), annotations } };
      const { outputs } = await provider.create({ ...POD_TYPE, inputs, preview: false });
      assert.equal((outputs.metadata as Bag).uid, "theirs");
    });

    it("tries again where the namespace is not there yet", async () => {
      let refused = 0;
      server.intercept = ({ method }) =>
        method === "PATCH" && refused++ === 0
          ? { code: 404, body: { reason: "NotFound", message: 'namespaces "n" not found' } }
          : undefined;
      await provider.create({ ...MAP_TYPE, inputs: MAP, preview: false });
      assert.match(progress[0] ?? "", /^Retry #0; creation failed: namespaces "n" not found/);
    });

    it("waits for a Pod until it is ready", async () => {
      const creating = provider.create({ ...POD_TYPE, inputs: POD, preview: false });
      await isWatched();
      server.change(POD_PATH, {
        status: {
          phase: "Pending",
          containerStatuses: [{ name: "c", state: { waiting: { reason: "ContainerCreating" } } }],
        },
      });
      server.change(POD_PATH, { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } });
      const { outputs } = await creating;
      assert.equal((outputs.status as Bag).phase, "Running");
      assert.equal(outputs.kind, "Pod");
      assert.ok(progress.includes("waiting: container c waits: ContainerCreating"));
      assert.equal(progress.at(-1), "");
    });

    it("does not wait when the annotation says so", async () => {
      const metadata = { name: "p", namespace: "n", annotations: { "pulumi.com/skipAwait": "true" } };
      await provider.create({ ...POD_TYPE, inputs: { ...POD, metadata }, preview: false });
      assert.equal(
        server.requests.filter(({ method }) => method === "GET").length,
        2,
        "discovery, and whether it is there",
      );
    });

    it("waits for a path to exist, and no longer, where waitFor names one", async () => {
      const waiting = (path: string) => {
        const annotations = { "pulumi.com/waitFor": `jsonpath={${path}}` };
        const inputs = { ...POD, metadata: { name: "p", namespace: "n", annotations } };
        return provider.create({ ...POD_TYPE, inputs, preview: false });
      };
      await waiting(".metadata.uid");
      assert.equal(
        server.requests.filter(({ method }) => method === "GET").length,
        2,
        "discovery, and whether it is there",
      );
      server.objects.clear();
      const creating = waiting(".status.podIP");
      await isWatched();
      server.change(POD_PATH, { status: { phase: "Pending", podIP: "10.0.0.1" } });
      await creating;
      assert.ok(progress.includes("waiting: there is no .status.podIP yet"));
    });

    it("refuses a waitFor that only the official plugin serves", async () => {
      for (const given of ["jsonpath={.status.phase}=Running", "condition=Ready", '["jsonpath={.a}"]']) {
        const news = { ...POD, metadata: { ...(POD.metadata as Bag), annotations: { "pulumi.com/waitFor": given } } };
        const { failures } = await provider.check({ ...POD_TYPE, news, olds: {} });
        assert.equal(failures[0]?.property, 'metadata.annotations["pulumi.com/waitFor"]');
        assert.match(failures[0]?.reason ?? "", /needs the official kubernetes plugin/);
      }
    });

    it("starts over when the watch is cut", async () => {
      const creating = provider.create({ ...POD_TYPE, inputs: POD, preview: false });
      await isWatched();
      server.cutWatches();
      server.change(POD_PATH, { status: { phase: "Succeeded" } });
      assert.equal(((await creating).outputs.status as Bag).phase, "Succeeded");
    });

    it("a failed Pod fails at once, with the reasons and its object", async () => {
      const creating = provider.create({ ...POD_TYPE, inputs: POD, preview: false });
      const outcome = assert.rejects(creating, (error: unknown) => {
        assert.ok(error instanceof NotReadyError);
        assert.equal(error.id, "n/p");
        assert.match(error.message, /Pod is Failed \(Evicted: no disk\)\ncontainer c ended: Error: exit code 2/);
        assert.equal((error.outputs.status as Bag).phase, "Failed");
        return true;
      });
      await isWatched();
      const terminated = { exitCode: 2, reason: "Error" };
      const containerStatuses = [{ name: "c", state: { terminated } }];
      server.change(POD_PATH, {
        status: { phase: "Failed", reason: "Evicted", message: "no disk", containerStatuses },
      });
      await outcome;
    });

    it("says what it waited for when the time is over, or when it is cancelled", async () => {
      const waiting = { reason: "ImagePullBackOff", message: "no such image" };
      const status = { phase: "Pending", containerStatuses: [{ name: "c", state: { waiting } }] };
      const inputs = { ...POD, status };
      const late = provider.create({ ...POD_TYPE, timeoutSeconds: 0.1, inputs, preview: false });
      await assert.rejects(
        late,
        /not ready after 0.1 s\nPod is Pending\ncontainer c waits: ImagePullBackOff: no such image/,
      );
      server.objects.clear();
      const cancelled = assert.rejects(
        provider.create({ ...POD_TYPE, inputs, preview: false }),
        /the wait was cancelled/,
      );
      await isWatched();
      await provider.cancel();
      await cancelled;
    });
  });

  describe("preview", () => {
    const preview = (inputs: Bag) => provider.create({ ...MAP_TYPE, inputs, preview: true });

    it("asks the server without changing anything", async () => {
      await preview(MAP);
      assert.equal(server.requests.at(-1)?.url.searchParams.get("dryRun"), "All");
      assert.equal(server.objects.size, 0);
    });

    it("shows the inputs when something is unknown, or the namespace is not there yet", async () => {
      const unknown = { ...MAP, data: { a: UNKNOWN } };
      assert.deepEqual((await preview(unknown)).outputs, unknown);
      assert.equal(server.requests.length, 0);
      server.intercept = ({ method }) => (method === "PATCH" ? { code: 404, body: { reason: "NotFound" } } : undefined);
      assert.deepEqual((await preview(MAP)).outputs, MAP);
    });

    it("of a replacement does not mind the object that is still there, but does mind an invalid new one", async () => {
      const invalid = { code: 422, body: { reason: "Invalid", message: "pod updates may not change fields" } };
      server.intercept = ({ method }) => (method === "PATCH" ? invalid : undefined);
      await assert.rejects(preview(MAP), /may not change fields \(422 Invalid/);
      server.objects.set("/api/v1/namespaces/n/configmaps/c", { ...MAP, metadata: {} });
      assert.deepEqual((await preview(MAP)).outputs, MAP);
    });

    it("shows the inputs where the cluster cannot be reached, where an update fails", async () => {
      server.stop();
      assert.deepEqual((await preview(MAP)).outputs, MAP);
      await preview(MAP);
      const real = provider.create({ ...MAP_TYPE, inputs: MAP, preview: false });
      await assert.rejects(
        real,
        /^Error: configured Kubernetes cluster is unreachable: http:\/\/127.*context "fake".*ECONNREFUSED/,
      );
    });
  });

  it("an update that the server refuses leaves the object in the state, for the next one to try again", async () => {
    const { outputs } = await provider.create({ ...MAP_TYPE, inputs: MAP, preview: false });
    const refusal = { code: 422, body: { reason: "Invalid", message: "field is immutable" } };
    server.intercept = ({ method }) => (method === "PATCH" ? refusal : undefined);
    const inputs = { ...MAP, data: { a: "2" } };
    const updating = provider.update({ ...MAP_TYPE, id: "n/c", oldOutputs: outputs, inputs, preview: false });
    await assert.rejects(updating, (error: unknown) => {
      assert.ok(error instanceof NotReadyError);
      assert.match(
        error.message,
        /^the Kubernetes API server reported that "n\/c" failed .*: field is immutable \(422 Invalid/,
      );
      assert.deepEqual([error.id, error.outputs.data], ["n/c", { a: "1" }]);
      return true;
    });
  });

  describe("read", () => {
    const read = (oldInputs: Bag, oldOutputs: Bag) => provider.read({ ...MAP_TYPE, id: "n/c", oldInputs, oldOutputs });

    it("of a missing object says that it is gone", async () => {
      assert.equal(await read(MAP, MAP), undefined);
    });

    it("takes drift over into the inputs", async () => {
      const { outputs } = await provider.create({ ...MAP_TYPE, inputs: MAP, preview: false });
      assert.deepEqual((await read(MAP, outputs))?.inputs, MAP);
      server.change("/api/v1/namespaces/n/configmaps/c", { data: { a: "edited" } });
      assert.deepEqual((await read(MAP, outputs))?.inputs.data, { a: "edited" });
    });

    it("of a Pod that is not ready says so, and keeps it, unless skipAwait says otherwise", async () => {
      const waitFor = { "pulumi.com/waitFor": "jsonpath={.metadata.uid}" };
      const inputs = { ...POD, metadata: { ...(POD.metadata as Bag), annotations: waitFor } };
      const asked = { ...POD_TYPE, id: "n/p", oldOutputs: inputs };
      server.objects.set(POD_PATH, { ...inputs, status: { phase: "Pending" } });
      await assert.rejects(provider.read({ ...asked, oldInputs: inputs }), (error: unknown) => {
        assert.ok(error instanceof NotReadyError);
        assert.match(error.message, /^Resource 'p' was created but failed to initialize\nPod is Pending$/);
        return true;
      });
      const annotations = { "pulumi.com/skipAwait": "true" };
      const unawaited = { ...POD, metadata: { ...(POD.metadata as Bag), annotations } };
      assert.equal((await provider.read({ ...asked, oldInputs: unawaited }))?.id, "n/p");
      server.change(POD_PATH, { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } });
      assert.equal((await provider.read({ ...asked, oldInputs: inputs }))?.id, "n/p");
    });

    it("imports by id and type alone", async () => {
      await provider.create({ ...MAP_TYPE, inputs: MAP, preview: false });
      assert.deepEqual((await read({}, {}))?.inputs, MAP);
    });
  });

  describe("delete", () => {
    const remove = (timeoutSeconds = 0) =>
      provider.delete({ ...POD_TYPE, timeoutSeconds, id: "n/p", inputs: POD, outputs: POD });

    it("waits until the object is really gone", async () => {
      server.objects.set(POD_PATH, { ...POD, metadata: { ...(POD.metadata as Bag), uid: "u" } });
      server.holdDeletions = true;
      let gone = false;
      const removing = remove().then(() => {
        gone = true;
      });
      await isWatched();
      assert.equal(gone, false);
      server.vanish(POD_PATH);
      await removing;
      const request = server.requests.find(({ method }) => method === "DELETE");
      assert.deepEqual(request?.body, { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Foreground" });
    });

    it("waits for no pod whose annotation says so, and for other kinds all the same", async () => {
      const annotations = { "pulumi.com/skipAwait": "true" };
      server.holdDeletions = true;
      for (const [path, type, object] of [
        [POD_PATH, POD_TYPE, POD],
        ["/api/v1/namespaces/n/configmaps/c", MAP_TYPE, MAP],
      ] as const) {
        const outputs = { ...object, metadata: { ...(object.metadata as Bag), uid: "u", annotations } };
        server.objects.set(path, outputs);
        const id = path.endsWith("p") ? "n/p" : "n/c";
        // Who waits for nothing needs no time, but for a busy machine.
        const timeoutSeconds = id === "n/p" ? 60 : 0.1;
        const removing = provider.delete({ ...type, timeoutSeconds, id, inputs: outputs, outputs });
        await (id === "n/p" ? removing : assert.rejects(removing, /n\/c is still there/));
      }
    });

    it("goes by the annotations of the inputs, not by those that the object has by now", async () => {
      const annotations = { "pulumi.com/skipAwait": "true", "pulumi.com/deletionPropagationPolicy": "orphan" };
      const outputs = { ...POD, metadata: { ...(POD.metadata as Bag), uid: "u", annotations } };
      server.objects.set(POD_PATH, outputs);
      server.holdDeletions = true;
      const removing = provider.delete({ ...POD_TYPE, id: "n/p", inputs: POD, outputs });
      await isWatched();
      server.vanish(POD_PATH);
      await removing;
      const request = server.requests.find(({ method }) => method === "DELETE");
      assert.equal(request?.body.propagationPolicy, "Foreground");
    });

    it("is content when there is nothing to delete, or another object has taken the name", async () => {
      await remove();
      server.objects.set(POD_PATH, { ...POD, metadata: { uid: "old" } });
      server.holdDeletions = true;
      const removing = remove();
      await isWatched();
      server.change(POD_PATH, { metadata: { uid: "new" } });
      await removing;
    });

    it("fails where the cluster cannot be reached, unless it is told that it is gone for good", async () => {
      const { kubeconfig } = server;
      server.stop();
      await assert.rejects(remove(), /cluster is unreachable: .* PULUMI_K8S_DELETE_UNREACHABLE=true/);
      await provider.configure({ kubeconfig, deleteUnreachable: "true" });
      await remove();
      assert.equal(await provider.read({ ...POD_TYPE, id: "n/p", oldInputs: POD, oldOutputs: POD }), undefined);
    });

    it("names what holds the object back when the time is over", async () => {
      server.objects.set(POD_PATH, { ...POD, metadata: { uid: "u", finalizers: ["example.com/hold"] } });
      server.holdDeletions = true;
      const removed = (seconds: number) => remove(seconds).then(() => "gone", String);
      let answer = await removed(0.1);
      // A busy machine had no time to look.
      if (!progress.includes("still there: finalizer example.com/hold")) answer = await removed(30);
      assert.match(answer, /^Error: n\/p is still there [\d.]+ s after its deletion: finalizer example.com\/hold/);
    });
  });

  it("marks the data of a Secret as secret", () => {
    assert.deepEqual(provider.secretOutputs({ kind: "Secret" }, false), [["data"], ["stringData"]]);
  });
});
