import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { text } from "node:stream/consumers";
import type { KubeConfig } from "@kubernetes/client-node";
import { NotReplacedError } from "../../cluster/replacePod.ts";
import { endingLines, replaceSamePod } from "../../cluster/samePod.ts";
import { REPLACES } from "../../core/contract/replacement.ts";
import type { Deletion } from "../../core/evidence/evidence.ts";
import { planOf } from "../../core/plan/plan.ts";
import { parseSettings } from "../../core/settings/settings.ts";
import { listening } from "./api.ts";

const SETTINGS = parseSettings({ nodes: ["n1"], scenarios: ["same-pod"] });
const POD = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "fuse-same-pod", namespace: "fuse-test", uid: "old" },
  spec: {
    nodeName: "n1",
    initContainers: [
      { name: "fuse-turn", image: "x:1" },
      { name: "fuse-sidecar", image: "x:1", restartPolicy: "Always" },
    ],
    containers: [{ name: "fuse-consumer", image: "x:1" }],
  },
};

describe("a pod with a sidecar that is replaced", () => {
  let server: Server;
  let config: KubeConfig;
  let asked: { readonly what: string; readonly body: string }[];
  /** What makes the pod go: its deletion, the sweep's pod that takes its mounts away, or force alone. */
  let goesBy: "deletion" | "sweep" | "force";
  let refused: string;

  beforeEach(async () => {
    [asked, goesBy, refused] = [[], "deletion", ""];
    let gone = false;
    let sweeps = false;
    server = createServer(async (request, response) => {
      const what = `${request.method} ${request.url?.replace("/api/v1/namespaces/fuse-test/pods", "")}`;
      const body = await text(request);
      asked.push({ what, body });
      const answer = (code: number, object: object | string) =>
        typeof object === "string"
          ? response.writeHead(code, { "content-type": "text/plain" }).end(object)
          : response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(object));
      if (request.method === refused) return answer(403, { kind: "Status", message: "pods is forbidden" });
      if (what.includes("/fuse-sweep-unmount/log")) return answer(200, "unmounted /bridge/same-pod/window/fuse\n");
      if (what === "POST " && body.includes("fuse-sweep-unmount")) sweeps = true;
      if (what.startsWith("DELETE /fuse-sweep-unmount")) {
        if (sweeps && goesBy === "sweep") gone = true;
        const there = sweeps;
        sweeps = false;
        return answer(there ? 200 : 404, {});
      }
      if (what.startsWith("GET /fuse-sweep-unmount"))
        return sweeps ? answer(200, { status: { phase: "Succeeded" } }) : answer(404, { kind: "Status" });
      if (what.startsWith("DELETE ") && goesBy === "deletion") gone = true;
      if (what.startsWith("DELETE ") && what.includes("gracePeriodSeconds=0")) gone = true;
      if (request.method !== "GET") return answer(200, POD);
      return gone ? answer(404, { kind: "Status" }) : answer(200, POD);
    });
    config = await listening(server);
  });
  afterEach(() => server.close());
  const replace = async () => {
    const [leaving, ended]: [string[], Deletion[]] = [[], []];
    const pair = planOf(SETTINGS).pairs.find(({ scenario }) => scenario?.id === "same-pod");
    assert.ok(pair);
    const reported = (uid: string) => leaving.push(uid);
    const patience = { gone: 300, freed: 300 };
    await replaceSamePod(config, SETTINGS, pair, "tidy", reported, (one) => ended.push(one), patience);
    assert.deepEqual(leaving, ["old"]);
    assert.equal(ended.length, 1);
    return ended[0] as Deletion;
  };
  const made = () => asked.filter(({ what }) => what === "POST ").map(({ body }) => JSON.parse(body));

  it("is deleted in order, and made again as it was: Flux would delete one that differs", async () => {
    const { way, gone, taken } = await replace();
    assert.deepEqual([way, gone, taken], ["tidy", true, undefined]);
    const [again, ...more] = made();
    assert.deepEqual(more, []);
    assert.equal(again.metadata.annotations[REPLACES], "tidy old");
    assert.deepEqual(again.spec.initContainers, POD.spec.initContainers);
    const { body } = asked.find(({ what }) => what.startsWith("DELETE")) ?? {};
    assert.deepEqual(JSON.parse(body ?? ""), { preconditions: { uid: "old" } });
  });

  it("that does not go is freed by a pod of the sweep, which touches its own scenario's mounts alone", async () => {
    goesBy = "sweep";
    const ended = await replace();
    assert.deepEqual(
      [ended.gone, ended.taken, ended.forced],
      [false, ["unmounted /bridge/same-pod/window/fuse"], undefined],
    );
    assert.ok(ended.waitedMs >= 300);
    const [sweep] = made();
    assert.equal(sweep.metadata.name, "fuse-sweep-unmount");
    assert.ok(
      sweep.spec.containers[0].env.some((one: object) => JSON.stringify(one) === '{"name":"ONLY","value":"same-pod"}'),
    );
    assert.match(endingLines(ended).join(), /^the deleted pod was still there after \d+ s: unmounted/);
  });

  it("that does not go even then is deleted by force", async () => {
    goesBy = "force";
    const ended = await replace();
    assert.equal(ended.forced, true);
    assert.match(endingLines(ended)[1] ?? "", /its directory is left to the kubelet/);
    assert.equal(made().at(-1)?.metadata.annotations[REPLACES], "tidy old");
  });

  for (const method of ["GET", "DELETE", "POST"])
    it(`is refused in the API server's words where it may not be asked: ${method}`, async () => {
      refused = method;
      await assert.rejects(
        replace(),
        (error) => error instanceof NotReplacedError && /npm run rights/.test(error.message),
      );
    });
});
