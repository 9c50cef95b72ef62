import assert from "node:assert/strict";
import { CoreV1Api } from "@kubernetes/client-node";
import { deletePod } from "../../cluster/sweepNode.ts";
import { type Api, api } from "./api.ts";

const POD = "/api/v1/namespaces/fuse-test/pods/fuse-sweep-check";

describe("a pod of the sweep", () => {
  let server: Api;
  afterEach(() => server.close());
  const remove = (within: number) =>
    deletePod(server.config.makeApiClient(CoreV1Api), "fuse-test", "fuse-sweep-check", within);

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
