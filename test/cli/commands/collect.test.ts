import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCollect } from "../../../cli/commands/collect.ts";
import { type Api, api } from "../../cluster/api.ts";
import { inProcess } from "../inProcess.ts";

const NAMESPACE = "/api/v1/namespaces/fuse-test";

describe("collect", () => {
  let folder = "";
  let server: Api | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "collect-"));
  });
  afterEach(() => {
    server?.close();
    server = undefined;
    rmSync(folder, { recursive: true });
  });
  const collect = async (answers: Readonly<Record<string, object>>, ...args: readonly string[]) => {
    server = await api(answers);
    const kubeconfig = join(folder, "kubeconfig");
    writeFileSync(kubeconfig, server.config.exportConfig());
    return inProcess(runCollect, ["--kubeconfig", kubeconfig, "--node", "a", "--set", "scenarios=[]", ...args]);
  };
  /** A cluster that has no such node. */
  const EMPTY = {
    "GET /version": { gitVersion: "v1.34.4" },
    "GET /api/v1/nodes": { items: [] },
    [`GET ${NAMESPACE}/pods`]: { metadata: {}, items: [] },
    [`GET ${NAMESPACE}/events`]: { metadata: {}, items: [] },
  };

  it("prints the verdict of each node, keeps what was seen, and ends as the worst verdict asks", async () => {
    const file = join(folder, "evidence.json");
    const { status, stdout, stderr } = await collect(EMPTY, "--evidence", file);
    assert.equal(status, 3, stderr);
    const { nodes } = JSON.parse(stdout);
    assert.deepEqual([nodes.a.verdict, nodes.a.cause], ["inconclusive", "node-unavailable"]);
    const [seen] = JSON.parse(readFileSync(file, "utf8"));
    assert.deepEqual([seen.node, seen.nodeFact.exists], ["a", false]);
  });

  it("has an error where the cluster does not answer", async () => {
    const { status, stdout, stderr } = await collect({});
    assert.deepEqual([status, stdout], [2, ""]);
    assert.match(stderr, /does not answer: HTTP 404/);
  });
});
