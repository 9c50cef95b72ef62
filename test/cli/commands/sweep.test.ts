import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { runSweep } from "../../../cli/commands/sweep.ts";
import { claimFile } from "../../../cli/stack/claim.ts";
import { type Api, api } from "../../cluster/api.ts";
import { inProcess } from "../inProcess.ts";

const NAMESPACE = "/api/v1/namespaces/fuse-swept";
/** A node that was never there has nothing to be looked at; of one that is, the pod that would look is refused. */
const NOWHERE = { "GET /api/v1/nodes": { items: [] } };
const THERE = { "GET /api/v1/nodes": { items: [{ metadata: { name: "a" } }] }, [`POST ${NAMESPACE}/pods`]: 403 };
const MADE = {
  "POST /api/v1/namespaces": { metadata: { name: "fuse-swept" } },
  [`GET ${NAMESPACE}/pods`]: { items: [] },
  [`DELETE ${NAMESPACE}`]: {},
};

describe("sweep", () => {
  let folder = "";
  let server: Api | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "swept-"));
  });
  afterEach(() => {
    server?.close();
    rmSync(claimFile(basename(folder)), { force: true });
    rmSync(folder, { recursive: true });
  });

  /** Of a run that was killed: its settings, and no stack's. */
  async function sweep(answers: Readonly<Record<string, object | number>>, ...args: readonly string[]) {
    server = await api(answers);
    const [stack, kubeconfig] = [basename(folder), join(folder, "kubeconfig")];
    writeFileSync(kubeconfig, server.config.exportConfig());
    const made = { kind: "cluster", settings: { nodes: ["a"], namespace: "fuse-swept", kubeconfig } };
    mkdirSync(dirname(claimFile(stack)), { recursive: true });
    writeFileSync(claimFile(stack), JSON.stringify({ pid: process.pid, started: "1", made }));
    return inProcess(runSweep, ["--stack", stack, ...args]);
  }

  it("takes the namespace away, and says as a document that nothing is left", async () => {
    const { status, stdout, stderr } = await sweep({ ...NOWHERE, ...MADE }, "--json");
    assert.deepEqual([status, stdout], [0, '{"residue":[]}\n'], stderr);
    assert.ok(server?.requests.includes(`DELETE ${NAMESPACE}`), server?.requests.join());
  });

  it("ends with 1 where something is left, or a node could not be looked at", async () => {
    const { status, stdout, stderr } = await sweep({ ...THERE, ...MADE });
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, /✗ a {2}left: unknown, the node could not be looked at/);
  });

  it("leaves pods and namespace alone with --nodes-only, and is no failure then", async () => {
    const { status, stdout } = await sweep(THERE, "--nodes-only", "--json");
    assert.equal(status, 0);
    assert.match(stdout, /^\{"residue":\[\{"node":"a","what":"unknown, /);
    assert.ok(!server?.requests.some((asked) => /DELETE .*(pods|fuse-swept)$/.test(asked)), server?.requests.join());
  });
});
