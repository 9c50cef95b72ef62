import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { text } from "node:stream/consumers";
import type { KubeConfig } from "@kubernetes/client-node";
import { type TrialOptions, tryRecipe } from "../../../cluster/recipe/trial.ts";
import type { Grade } from "../../../core/diagnosis/decision.ts";
import { parseSettings } from "../../../core/settings/settings.ts";
import { listening } from "../api.ts";

const SETTINGS = parseSettings({ nodes: ["n1"], producerImage: "x:1", consumerImage: "x:1" });
const times = { poll: 25, patience: 1_000, unnoticed: 100, relapse: 10 };
const DISCOVERY = {
  "/apis/apps/v1": [{ name: "deployments", kind: "Deployment" }],
  "/apis/networking.k8s.io/v1": [{ name: "networkpolicies", kind: "NetworkPolicy" }],
} as const;

/** What the cluster of a test does otherwise than a good one. */
interface Odd {
  /** Readers never have the mount again after the daemon's second pod. */
  readonly lostFor?: "ever";
  /** Each daemon leaves its mount behind. */
  readonly piles?: true;
  /** A daemon that is replaced takes so many seconds to end; until then its mount stays. */
  readonly endsAfter?: number;
  /** The daemon's pod stays, whatever is said to it. */
  readonly keeps?: true;
  /** A kind that the API server refuses. */
  readonly refuses?: string;
  /** The readers' gate stays shut. */
  readonly shut?: true;
}

describe("the recipe on trial, against an API server", () => {
  let server: Server;
  let config: KubeConfig;
  let odd: Odd;
  let asked: string[];
  const there = new Set<string>();
  /** Of pods made so far. */
  let daemons = 0;
  let readers = 0;
  /** When the daemon's pod was replaced the last time, and all that its reader has said. */
  let replacedAt = 0;
  const log: string[] = [];
  let speaking: NodeJS.Timeout;

  const up = () => process.uptime() + 1000;
  const sinceEnd = () => up() - replacedAt - (odd.endsAfter ?? 0);
  const isLost = () => (odd.lostFor === "ever" ? daemons > 1 : sinceEnd() > 0 && sinceEnd() < 0.1);
  const mounts = () => (odd.piles ? daemons : there.has("fuse-recipe") ? 1 : 0);
  const pod = (name: string, nth: number) => ({
    metadata: { name: `${name}-${nth}`, creationTimestamp: new Date(nth * 1000).toISOString() },
    status: {
      containerStatuses: [{ name: "daemon", restartCount: 0, ready: true, state: { waiting: { reason: "Slow" } } }],
    },
  });
  const replaceDaemon = () => {
    if (odd.keeps) return;
    daemons++;
    replacedAt = up();
  };

  beforeEach(async () => {
    [odd, asked, daemons, readers, replacedAt] = [{}, [], 0, 0, 0];
    there.clear();
    log.length = 0;
    speaking = setInterval(() => {
      if (there.has("fuse-recipe-reader") && !odd.shut)
        log.push(`${up()} ${isLost() ? "ENOENT/ENOENT" : "ok/ok"} ${mounts()} ${30 + mounts()}`);
    }, 10);
    server = createServer(async (request, response) => {
      const url = new URL(request.url ?? "", "http://x");
      const body = await text(request);
      asked.push(`${request.method} ${url.pathname}`);
      const answer = (code: number, object: object | string) =>
        response
          .writeHead(code, { "content-type": typeof object === "string" ? "text/plain" : "application/json" })
          .end(typeof object === "string" ? object : JSON.stringify(object));
      const resources = DISCOVERY[url.pathname as keyof typeof DISCOVERY];
      if (resources)
        return answer(200, { resources: resources.map((one) => ({ ...one, namespaced: true, verbs: ["create"] })) });
      const name = url.pathname.split("/").at(-1) ?? "";
      if (request.method === "POST") {
        const { kind, metadata } = JSON.parse(body);
        if (kind === odd.refuses) return answer(403, { kind: "Status", message: `${kind} is forbidden` });
        there.add(metadata.name);
        if (kind === "Deployment" && metadata.name === "fuse-recipe") daemons++;
        if (metadata.name === "fuse-recipe-reader") readers++;
        return answer(201, JSON.parse(body));
      }
      if (request.method === "PATCH") {
        if (name === "fuse-recipe") replaceDaemon();
        else readers++;
        return answer(200, {});
      }
      if (request.method === "DELETE") {
        if (url.pathname.includes("/pods/")) replaceDaemon();
        else if (url.pathname.includes("/deployments/")) there.delete(name);
        return answer(200, {});
      }
      if (name === "log") return answer(200, log.join("\n"));
      const selector = url.searchParams.get("labelSelector") ?? "";
      const [what, nth] = selector.includes("reader")
        ? (["fuse-recipe-reader", readers] as const)
        : (["fuse-recipe", daemons] as const);
      const old = what === "fuse-recipe" && sinceEnd() < 0.1 && nth > 1 ? [pod(what, nth - 1)] : [];
      return answer(200, { items: there.has(what) ? [...old, pod(what, nth)] : [] });
    });
    config = await listening(server);
  });
  afterEach(() => {
    clearInterval(speaking);
    server.close();
  });

  const run = (more: Partial<TrialOptions> & { readonly grade?: Grade | undefined } = {}) => {
    const { grade, ...options } = { grade: "A" as const, ...more };
    return tryRecipe(config, SETTINGS, "n1", grade, {
      print: () => undefined,
      restart: undefined,
      signal: new AbortController().signal,
      times,
      ...options,
    });
  };

  for (const [grade, words] of [
    ["C", "a recipe is for grade A or B, and this node's is C"],
    [undefined, "a recipe is for grade A or B, and this node's is not known"],
  ] as const)
    it(`says that a node without a grade for it (${grade}) is not asked, and asks nothing`, async () => {
      const { holds, finding } = await run({ grade });
      assert.deepEqual([holds, finding], [undefined, `Not answered: ${words}.`]);
      assert.deepEqual(asked, []);
    });

  it("applies the recipe, replaces its pods, and takes all of it away", async () => {
    const restarted: string[] = [];
    const restart = async (service: string) => {
      restarted.push(service);
    };
    const { holds, finding, objects, outcomes } = await run({ restart });
    assert.equal(holds, true, finding);
    assert.deepEqual(objects, ["NetworkPolicy/fuse-recipe", "Deployment/fuse-recipe", "Deployment/fuse-recipe-reader"]);
    assert.deepEqual(restarted, ["kubelet"]);
    assert.deepEqual([...there], []);
    // No container here lets anybody in: what needs that is not asked, and says so.
    const unasked = outcomes.filter((one) => one.unasked !== undefined).map(({ fault }) => fault);
    assert.deepEqual(unasked, ["killed", "memory", "hang"]);
    for (const { fault, readers: seen } of outcomes)
      if (["rollout", "forced", "deleted"].includes(fault)) assert.deepEqual(seen.root?.seen, ["ENOENT/ENOENT"], fault);
  });

  it("leaves a node alone that is not to be disturbed", async () => {
    const { outcomes } = await run();
    assert.match(outcomes.find(({ fault }) => fault === "kubelet")?.unasked ?? "", /not this test's to disturb/);
  });

  for (const [what, how, holds, words] of [
    ["a reader that does not come back", { lostFor: "ever" }, false, /After "daemon's rollout".*did not come back/],
    ["mounts that pile up", { piles: true }, false, /mounts pile up: 2/],
    ["a gate that stays shut", { shut: true }, false, /did not come up within 1 s: .*Slow/],
    ["a kind that is refused", { refuses: "NetworkPolicy" }, undefined, /HTTP 403: NetworkPolicy is forbidden/],
  ] as const satisfies readonly (readonly [string, Odd, boolean | undefined, RegExp])[])
    it(`tells of ${what}, and takes all away`, async () => {
      odd = how;
      const found = await run();
      assert.equal(found.holds, holds, found.finding);
      assert.match(found.finding, words);
      assert.deepEqual([...there], []);
    });

  it("waits for a daemon that takes its time to end", async () => {
    odd = { endsAfter: 0.4 };
    const { outcomes } = await run();
    for (const { fault, readers: seen } of outcomes)
      if (["rollout", "forced", "deleted"].includes(fault)) assert.deepEqual(seen.root?.seen, ["ENOENT/ENOENT"], fault);
  });

  it("does not take a pod that stays for one that was replaced", async () => {
    odd = { keeps: true };
    const { outcomes } = await run();
    for (const { fault, unasked } of outcomes)
      if (["rollout", "forced", "deleted"].includes(fault)) assert.match(unasked ?? "", /was not replaced/, fault);
  });

  it("takes all away when it is interrupted", async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 150);
    const { holds, finding } = await run({ signal: stop.signal });
    assert.deepEqual([holds, finding], [undefined, "Not answered: interrupted."]);
    assert.deepEqual([...there], []);
  });
});
