import assert from "node:assert/strict";
import { createServer } from "node:http";
import { CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import { endPods } from "../../cluster/sweepNamespace.ts";
import { deletePod, sweepNode } from "../../cluster/sweepNode.ts";
import { parseSettings } from "../../core/settings/settings.ts";
import { type Api, api, listening } from "./api.ts";

const PODS = "/api/v1/namespaces/fuse-test/pods";
const POD = `${PODS}/fuse-sweep-check`;
const SETTINGS = parseSettings({ nodes: ["a"] });

describe("a pod of the sweep", () => {
  let server: Api;
  afterEach(() => server.close());
  const remove = (within: number) =>
    deletePod(server.config.makeApiClient(CoreV1Api), "fuse-test", "fuse-sweep-check", within);
  const look = (state: object, phase: string, posted: object | number = {}) =>
    api({
      "GET /api/v1/nodes": { items: [{ metadata: { name: "a" } }] },
      [`POST ${PODS}`]: posted,
      [`GET ${POD}`]: {
        metadata: { name: "fuse-sweep-check" },
        status: { phase, containerStatuses: [{ name: "sweep", state }] },
      },
    }).then((made) => {
      server = made;
      const quietly = { script: "", since: undefined, print: () => {}, onPrompt: () => {}, going: () => false };
      return sweepNode(server.config, SETTINGS, "a", quietly);
    });

  it("has answered as soon as its container has ended: its last phase comes a second later", async () => {
    await look({ terminated: { exitCode: 0, reason: "Completed" } }, "Pending");
    assert.ok(server.requests.includes(`GET ${POD}/log`), server.requests.join());
  });

  it("that fails leaves the node unknown", async () => {
    const [left] = (await look({ terminated: { exitCode: 1, reason: "Error" } }, "Failed")) ?? [];
    assert.match(left?.what ?? "", /^unknown, the node could not be looked at: fuse-sweep-check is Failed/);
    assert.ok(!server.requests.includes(`GET ${POD}/log`), server.requests.join());
  });

  it("that may not be made leaves it unknown, too, in one line without the headers of the answer", async () => {
    const [left] = (await look({}, "Pending", 403)) ?? [];
    assert.match(left?.what ?? "", /^unknown, the node could not be looked at: HTTP 403[^\n]*$/);
  });

  it("is waited for until it is gone, but not for ever: a finalizer may keep it", async () => {
    server = await api({
      [`DELETE ${POD}`]: {},
      [`GET ${POD}`]: { metadata: { name: "fuse-sweep-check", finalizers: ["example.com/kept"] } },
    });
    await assert.rejects(remove(400), {
      message: /^waited 0.4 s for the pod fuse-sweep-check to go$/,
      remedy: /kubectl describe pod fuse-sweep-check -n fuse-test/,
    });
  });

  it("is gone where the API server knows none of its name", async () => {
    server = await api({});
    await remove(400);
    assert.deepEqual(server.requests, [`DELETE ${POD}`]);
  });
});

describe("the pods of a run", () => {
  it("are deleted all at once, and have ended when their kubelets say so: not before, and not only when they are gone", async () => {
    const pod = (phase: string, leaving = true) => ({
      metadata: { name: phase, ...(leaving ? { deletionTimestamp: "2026-11-28T08:00:00Z" } : {}) },
      status: { phase },
    });
    const seen = [
      [pod("Running", false), pod("Failed", false)],
      [pod("Running"), pod("Failed")],
      // One that has ended by itself, and was not told to go.
      [pod("Succeeded", false), pod("Failed")],
      [pod("Succeeded"), pod("Failed")],
    ];
    const requests: string[] = [];
    const server = createServer((request, response) => {
      requests.push(request.method ?? "");
      const body = request.method === "DELETE" ? {} : { items: seen.length > 1 ? seen.shift() : seen[0] };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    const config: KubeConfig = await listening(server);
    const named: string[] = [];
    const free = async () => assert.fail("nothing keeps them");
    const kept = await endPods(config, SETTINGS, (names) => named.push(names), free);
    server.close();
    assert.equal(kept, false);
    assert.deepEqual(requests, ["GET", "DELETE", "GET", "GET", "GET"]);
    assert.deepEqual(named, ["Running, Failed"]);
  });

  it("are deleted again where the collector of a killed run has made one again", async () => {
    const pod = (uid: string, phase: string, leaving: boolean) => ({
      metadata: { name: "producer", uid, ...(leaving ? { deletionTimestamp: "2026-11-28T08:00:00Z" } : {}) },
      status: { phase },
    });
    const seen = [[pod("a", "Running", false)], [pod("b", "Pending", false)], [pod("b", "Failed", true)]];
    const requests: string[] = [];
    const server = createServer((request, response) => {
      requests.push(request.method ?? "");
      const body = request.method === "DELETE" ? {} : { items: seen.length > 1 ? seen.shift() : seen[0] };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    const config = await listening(server);
    await endPods(
      config,
      SETTINGS,
      () => {},
      async () => assert.fail("nothing keeps it"),
    );
    server.close();
    assert.deepEqual(requests, ["GET", "DELETE", "GET", "DELETE", "GET"]);
  });
});
