import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { text } from "node:stream/consumers";
import type { KubeConfig } from "@kubernetes/client-node";
import { NotReplacedError, replacePod } from "../../cluster/replacePod.ts";
import { REPLACES, type ReplacementWay } from "../../core/contract/replacement.ts";
import { listening } from "./api.ts";

const POD = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "fuse-producer",
    namespace: "fuse-test",
    uid: "old",
    resourceVersion: "7",
    creationTimestamp: "2026-11-28T08:00:00Z",
    labels: { "kustomize.toolkit.fluxcd.io/name": "apps" },
    annotations: { note: "kept" },
    managedFields: [{ manager: "somebody" }],
  },
  spec: { nodeName: "n1", containers: [{ name: "fuse-producer", image: "x:1" }] },
  status: { phase: "Running" },
};

describe("a pod that is replaced", () => {
  let server: Server;
  let config: KubeConfig;
  let asked: { readonly what: string; readonly body: string }[];
  /** How many questions the pod outlives its deletion, and which requests are refused. */
  let lives: number;
  let refused: string;

  beforeEach(async () => {
    [asked, lives, refused] = [[], 0, ""];
    let deleted = false;
    server = createServer(async (request, response) => {
      const what = `${request.method} ${request.url?.replace("/api/v1/namespaces/fuse-test/pods", "")}`;
      asked.push({ what, body: await text(request) });
      const answer = (code: number, body: object) =>
        response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(body));
      if (request.method === refused) return answer(403, { kind: "Status", message: "pods is forbidden" });
      if (request.method === "DELETE") deleted = true;
      if (request.method !== "GET") return answer(200, POD);
      return !deleted || lives-- > 0 ? answer(200, POD) : answer(404, { kind: "Status" });
    });
    config = await listening(server);
  });
  afterEach(() => server.close());
  const replace = (way: ReplacementWay, leaving: string[] = []) =>
    replacePod(config, "fuse-test", "fuse-producer", way, (uid) => leaving.push(uid));

  it("is deleted in order, and made again once it is gone: as it was asked for, with a word of whom it follows", async () => {
    lives = 2;
    const leaving: string[] = [];
    await replace("deleted", leaving);
    assert.deepEqual(leaving, ["old"]);
    const one = "GET /fuse-producer";
    assert.deepEqual(
      asked.map(({ what }) => what),
      [one, "DELETE /fuse-producer", one, one, one, "POST "],
    );
    assert.deepEqual(JSON.parse(asked[1]?.body ?? ""), { preconditions: { uid: "old" } });
    assert.deepEqual(JSON.parse(asked.at(-1)?.body ?? ""), {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: "fuse-producer",
        namespace: "fuse-test",
        labels: POD.metadata.labels,
        annotations: { note: "kept", [REPLACES]: "deleted old" },
      },
      spec: { containers: POD.spec.containers },
    });
  });

  it("is forced with a grace period of 0", async () => {
    await replace("forced");
    assert.equal(asked[1]?.what, "DELETE /fuse-producer?gracePeriodSeconds=0");
  });

  for (const [method, what] of [
    ["GET", "read"],
    ["DELETE", "deleted"],
    ["POST", "made again"],
  ] as const)
    it(`says why it cannot be ${what}, in the API server's words`, async () => {
      refused = method;
      await assert.rejects(replace("deleted"), (error: unknown) => {
        assert.ok(error instanceof NotReplacedError);
        assert.match(error.message, new RegExp(`cannot be ${what}: HTTP 403: pods is forbidden .*npm run rights`));
        return true;
      });
      if (method === "DELETE") assert.ok(!asked.some(({ what: one }) => one.startsWith("POST")));
    });
});
