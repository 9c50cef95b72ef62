/** `npm run sweep`: what it makes of a run that was kept or killed, and what it leaves alone. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import type { KubeConfig } from "@kubernetes/client-node";
import { claimFile, stateFolder } from "../../../cli/stack/claim.ts";
import { type EndOptions, endRun } from "../../../cli/stack/endRun.ts";
import { sweepAll } from "../../../cluster/sweep.ts";
import { imagesThere } from "../../../cluster/sweepNamespace.ts";
import { LABELS, PROJECT } from "../../../core/contract/names.ts";
import { parseSettings, type Settings } from "../../../core/settings/settings.ts";
import { type Api, api } from "../../cluster/api.ts";

const ROOT = join(import.meta.dirname, "../../..");
/** A node that was never there has nothing to be looked at. */
const NO_NODES = { "GET /api/v1/nodes": { items: [] } };

const namespaceOf = (name: string) => ({
  "POST /api/v1/namespaces": { metadata: { name } },
  [`GET /api/v1/namespaces/${name}/pods`]: { items: [] },
  [`DELETE /api/v1/namespaces/${name}`]: {},
});

describe("npm run sweep", () => {
  let folder: string;
  let server: Api | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sweep-"));
    server = undefined;
  });
  afterEach(() => {
    server?.close();
    rmSync(folder, { recursive: true });
  });

  /** A run of another stack in each test; or a user's, in the usual directory. */
  const usual = () => join(folder, "cache/fuse-propagation-test/runs");
  const claimed = (place?: string) => (place ? join(place, "claims/homelab.json") : claimFile(basename(folder)));
  const state = (place?: string) =>
    join(place ? join(place, "stacks/homelab") : stateFolder(basename(folder)), "state");

  async function cluster(answers: Readonly<Record<string, object | number>>): Promise<string> {
    server = await api(answers);
    writeFileSync(join(folder, "kubeconfig"), server.config.exportConfig());
    return join(folder, "kubeconfig");
  }

  /** As a run leaves it that was killed, or kept. */
  function leave(settings: object, kind = "cluster", place?: string) {
    mkdirSync(state(place), { recursive: true });
    mkdirSync(dirname(claimed(place)), { recursive: true });
    writeFileSync(claimed(place), JSON.stringify({ pid: process.pid, started: "1", made: { kind, settings } }));
  }

  async function sweep(options: Partial<EndOptions> = {}) {
    let said = "";
    const print = (line: string) => {
      said += `${line}\n`;
    };
    const sweepOf = async (settings: Settings) => {
      const residue = await sweepAll(settings, "everything", print);
      for (const { what } of residue) print(what);
      return residue.length === 0 ? 0 : 1;
    };
    return { code: await endRun({ stack: basename(folder), ...options }, sweepOf, print), said };
  }

  it("ends a kept run where that run had it, stack and claim and all", async () => {
    const kubeconfig = await cluster({ ...NO_NODES, ...namespaceOf("fuse-kept") });
    leave({ nodes: ["a"], namespace: "fuse-kept", kubeconfig });
    const { code, said } = await sweep();
    assert.equal(code, 0, said);
    assert.ok(server?.requests.includes("DELETE /api/v1/namespaces/fuse-kept"), server?.requests.join());
    assert.deepEqual([existsSync(claimed()), existsSync(state())], [false, false]);
  });

  it("keeps what it knows where it was told of another place", async () => {
    const kubeconfig = await cluster({ ...NO_NODES, ...namespaceOf("fuse-other") });
    leave({ nodes: ["a"], namespace: "fuse-kept", kubeconfig });
    const { code, said } = await sweep({ set: ["namespace=fuse-other"] });
    assert.equal(code, 0, said);
    assert.match(said, /its own run, in the namespace fuse-kept, is still there/);
    assert.deepEqual([existsSync(claimed()), existsSync(state())], [true, true]);
  });

  it("says what it gives up with --forget, where the cluster is gone for good", async () => {
    const kubeconfig = await cluster({});
    server?.close();
    leave({ nodes: ["a", "b"], namespace: "fuse-kept", bridge: "/srv/media", kubeconfig });
    await assert.rejects(sweep());
    assert.deepEqual([existsSync(claimed()), existsSync(state())], [true, true]);
    const { code, said } = await sweep({ forget: true });
    assert.equal(code, 0, said);
    for (const words of [/forgotten, not removed/, /namespace: fuse-kept/, /nodes: +a, b: .*\/srv\/media/])
      assert.match(said, words);
    assert.deepEqual([existsSync(claimed()), existsSync(state())], [false, false]);
  });

  it("forgets a run whose sandbox is gone, and with it all that the run had", async () => {
    leave({ nodes: ["a"], kubeconfig: join(folder, "gone") }, "sandbox");
    const { code, said } = await sweep();
    assert.equal(code, 0, said);
    assert.equal(existsSync(claimed()), false);
  });

  it("looks with the run's own image, and leaves the run to another try where that could not be had", async () => {
    const there = { "GET /api/v1/nodes": { items: [{ metadata: { name: "a" } }] } };
    const kubeconfig = await cluster({ ...there, ...namespaceOf("fuse-test") });
    leave({ nodes: ["a"], kubeconfig, consumerImage: "own/consumer:1" });
    // The fake API server takes no pod.
    const { code, said } = await sweep();
    assert.equal(code, 1, said);
    assert.match(said, /could not be looked at/);
    assert.match(said, /try again, or give the rest up: npm run sweep -- --stack \S+ --forget/);
    const pod = server?.bodies.find((body) => body.includes("fuse-sweep-check"));
    assert.match(pod ?? "", /"image":"own\/consumer:1"/);
    assert.ok(existsSync(claimed()));
  });

  it("knows the images of pods that are there, but none that was never pulled", async () => {
    const pod = (component: string, image: string, phase: string) => ({
      metadata: { labels: { [LABELS.name]: PROJECT, [LABELS.component]: component } },
      spec: { containers: [{ image }] },
      status: { phase },
    });
    const items = [pod("producer", "producer:1", "Failed"), pod("consumer", "consumer:1", "Pending")];
    await cluster({ "GET /api/v1/namespaces/fuse-test/pods": { items } });
    const found = await imagesThere(server?.config as KubeConfig, parseSettings({ nodes: ["a"] }));
    assert.deepEqual(found, { producerImage: "producer:1" });
  });

  it("is refused while the run lives", async () => {
    leave({ nodes: ["a"] });
    writeFileSync(claimed(), JSON.stringify({ pid: process.ppid }));
    await assert.rejects(sweep(), new RegExp(`runs as process ${process.ppid}`));
  });

  it("of a test neither sees nor touches what a user has in the usual directory", async () => {
    const kubeconfig = await cluster({ ...NO_NODES, ...namespaceOf("fuse-test"), ...namespaceOf("fuse-users") });
    leave({ nodes: ["a"], namespace: "fuse-users", kubeconfig }, "cluster", usual());
    const before = found();
    const own = await command(["--kubeconfig", kubeconfig], {});
    assert.equal(own.code, 0, own.stderr);
    assert.ok(server?.requests.includes("DELETE /api/v1/namespaces/fuse-test"));
    assert.ok(!server?.requests.some((request) => request.includes("fuse-users")), server?.requests.join());
    assert.deepEqual(found(), before);
    // Without a directory of its own it would have been that very run.
    const users = await command([], { FUSE_TEST_RUNS: "" });
    assert.equal(users.code, 0, users.stderr);
    assert.ok(server?.requests.includes("DELETE /api/v1/namespaces/fuse-users"));
    assert.deepEqual([existsSync(claimed(usual())), existsSync(state(usual()))], [false, false]);
  });

  /** The user's runs as they lie there, file by file. */
  const found = () =>
    globSync("**/*", { cwd: usual() }).map((name) => [
      name,
      name.endsWith(".json") ? readFileSync(join(usual(), name), "utf8") : "",
    ]);

  async function command(args: readonly string[], env: Readonly<Record<string, string>>) {
    const child = spawn(process.execPath, ["cli/main.ts", "sweep", ...args], {
      cwd: ROOT,
      env: { ...process.env, FUSE_TEST_CACHE: join(folder, "cache"), ...env },
    });
    const [stderr] = await Promise.all([text(child.stderr), text(child.stdout), once(child, "close")]);
    return { code: child.exitCode, stderr };
  }
});
