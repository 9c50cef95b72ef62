/** What `start` asks before it makes anything. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runStart } from "../../../cli/commands/start.ts";
import { type Api, api } from "../../cluster/api.ts";
import { inProcess } from "../inProcess.ts";
import { type FakeNode, fakeNode } from "./fakeNode.ts";

const REVIEW = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

describe("start", () => {
  let folder = "";
  let server: Api;
  let node: FakeNode;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "start-"));
    // Whatever it would start is a fault.
    node = fakeNode(undefined, 2);
    server = await api({ "GET /version": { gitVersion: "v1.34.4" }, [REVIEW]: { status: { allowed: false } } });
    writeFileSync(join(folder, "kubeconfig"), server.config.exportConfig());
  });
  afterEach(() => {
    server.close();
    node.restore();
    rmSync(folder, { recursive: true });
  });
  const refused = async (...args: readonly string[]) => {
    const { status, stdout, stderr } = await inProcess(runStart, args);
    assert.deepEqual([status, stdout], [2, ""]);
    assert.throws(() => node.words(), { code: "ENOENT" });
    return stderr;
  };
  const cluster = () => ["--kubeconfig", join(folder, "kubeconfig")];

  it("refuses settings before it looks at the cluster", async () => {
    assert.match(await refused(...cluster(), "--set", "holdSeconds=0"), /holdSeconds = 0: give 1 or more/);
    assert.deepEqual(server.requests, []);
  });

  it("refuses a user who may not make what the test needs", async () => {
    assert.match(await refused(...cluster()), /its user may not create namespaces, nor configmaps and pods in/);
    assert.deepEqual([...new Set(server.requests)], ["GET /version", REVIEW]);
  });

  it("refuses to have the sandbox changed where a cluster is named, and another image where none is", async () => {
    assert.match(await refused(...cluster(), "--sandbox-machine", "vm"), /--sandbox-machine vm is about the sandbox/);
    assert.match(await refused("--set", "producerImage=a:1"), /without a cluster the sandbox's own image is tested/);
    assert.deepEqual(server.requests, []);
  });
});
