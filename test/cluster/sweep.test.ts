/** The order in which a sweep goes: pods, looks, namespace, however fast each of them is. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type Reach, sweepAll } from "../../cluster/sweep.ts";
import { LABELS, PROJECT } from "../../core/contract/names.ts";
import { parseSettings } from "../../core/settings/settings.ts";
import { listening } from "./api.ts";

const NAMESPACE = "/api/v1/namespaces/fuse-test";

/** How a cluster of one node behaves. */
interface Behaviour {
  /** Milliseconds from a pod's creation until its kubelet has it, and until its container has ended. */
  readonly taken: number;
  readonly ended: number;
  /** What the pods print that look, in turn; the last one's words are those of all after it. */
  readonly looks: readonly string[];
  /** The namespace goes at once with all its pods, and not after its pods have ended. */
  readonly hasty?: boolean;
  /** The pod of the run has its daemon in a sidecar. */
  readonly sidecar?: boolean;
}

describe("a sweep", () => {
  let server: Server;
  let folder: string;
  /** What changed the cluster or read an answer from it, in order; several equal ones in a row are one. */
  let done: string[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sweep-"));
    done = [];
  });
  afterEach(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  async function sweep(behaviour: Behaviour, reach: Reach = "pods") {
    server = cluster(behaviour);
    writeFileSync(join(folder, "kubeconfig"), (await listening(server)).exportConfig());
    const said: string[] = [];
    const settings = parseSettings({ nodes: ["a"], kubeconfig: join(folder, "kubeconfig") });
    return { residue: await sweepAll(settings, reach, (line) => said.push(line)), said };
  }

  it("has the namespace go while a prompt node is looked at", async () => {
    const { residue } = await sweep({ taken: 0, ended: 400, looks: ["directory removed"] });
    assert.deepEqual(residue, []);
    assert.deepEqual(done, ["end pods", "make check", "delete namespace", "read check"]);
  });

  it("keeps the namespace until a slow node has been looked at", async () => {
    const { residue } = await sweep({ taken: 700, ended: 800, looks: ["directory removed"] });
    assert.deepEqual(residue, []);
    assert.deepEqual(done, ["end pods", "make check", "read check", "delete namespace"]);
  });

  it("keeps the namespace also while a pod may stay for a mount in a volume of its own, which only a sweep takes away", async () => {
    const { residue } = await sweep({ taken: 0, ended: 400, looks: ["directory removed"], sidecar: true });
    assert.deepEqual(residue, []);
    assert.deepEqual(done, ["end pods", "make check", "read check"]);
  });

  it("looks again, in a namespace of its own, where the namespace went first", async () => {
    const { residue } = await sweep({ taken: 0, ended: 400, looks: ["directory removed"], hasty: true });
    assert.deepEqual(residue, []);
    const again = ["make namespace", "make check", "read check", "delete namespace"];
    assert.deepEqual(done, ["end pods", "make check", "delete namespace", ...again]);
  });

  it("takes a mount away that it finds while the namespace goes", async () => {
    const dead = "mount fuse.rclone /b/fuse";
    const { residue, said } = await sweep({
      taken: 0,
      ended: 300,
      looks: [dead, dead, "unmounted /b/fuse", "directory removed"],
    });
    assert.deepEqual(residue, []);
    assert.equal(said.filter((line) => line.includes("found mount")).length, 1, said.join());
    const again = ["make namespace", "make check", "read check", "make unmount", "read unmount"];
    assert.deepEqual(done.slice(3), ["read check", ...again, "make check", "read check", "delete namespace"]);
  });

  it("leaves pods and namespace alone where only the nodes are meant", async () => {
    const { residue } = await sweep(
      { taken: 0, ended: 0, looks: ["mount fuse /b/fuse", "stuck", "mount fuse /b/fuse"] },
      "nodes",
    );
    assert.deepEqual(residue, [{ node: "a", what: "mount fuse /b/fuse" }]);
    assert.ok(!done.some((what) => /namespace|end pods/.test(what)), done.join());
  });

  it("by hand deletes the namespace once: its name may be another's by then", async () => {
    const { residue } = await sweep({ taken: 0, ended: 400, looks: ["directory removed"] }, "everything");
    assert.deepEqual(residue, []);
    assert.deepEqual(done, ["end pods", "make check", "delete namespace", "read check"]);
  });

  /** An API server of one node, whose namespace has one pod of a run. */
  function cluster({ taken, ended, looks, hasty = false, sidecar = false }: Behaviour): Server {
    let namespace: "Active" | "Terminating" | undefined = "Active";
    const spec = { initContainers: sidecar ? [{ name: "daemon", restartPolicy: "Always" }] : [], containers: [] };
    let run = [{ metadata: { name: "fuse-producer" }, spec, status: { phase: "Running" } }];
    const words = [...looks];
    const pods = new Map<string, { readonly made: number; readonly said: string }>();
    const happens = (what: string) => done.at(-1) === what || done.push(what);
    const named = { metadata: { name: "fuse-test", labels: { [LABELS.name]: PROJECT } } };

    const answers: Readonly<Record<string, (name: string) => object | string | number>> = {
      "GET /api/v1/nodes": () => ({ items: [{ metadata: { name: "a" } }] }),
      [`GET ${NAMESPACE}`]: () => {
        // Its controller comes when the pods have gone.
        if (namespace === "Terminating" && pods.size === 0) namespace = undefined;
        return namespace ? { ...named, status: { phase: namespace } } : 404;
      },
      [`DELETE ${NAMESPACE}`]: () => {
        happens("delete namespace");
        namespace = "Terminating";
        if (hasty && done.filter((what) => what === "delete namespace").length === 1) pods.clear();
        return {};
      },
      "POST /api/v1/namespaces": () => {
        happens("make namespace");
        namespace = "Active";
        return named;
      },
      [`GET ${NAMESPACE}/pods`]: () => ({ items: run }),
      [`DELETE ${NAMESPACE}/pods`]: () => {
        happens("end pods");
        run = [];
        return {};
      },
      [`POST ${NAMESPACE}/pods`]: (name) => {
        if (namespace !== "Active") return namespace ? 403 : 404;
        happens(`make ${name}`);
        pods.set(name, { made: Date.now(), said: (words.length > 1 ? words.shift() : words[0]) ?? "" });
        return {};
      },
      [`GET ${NAMESPACE}/pods/NAME`]: (name) => {
        const pod = pods.get(name);
        if (!pod) return 404;
        const age = Date.now() - pod.made;
        const state = age >= ended ? { terminated: { exitCode: 0 } } : { waiting: { reason: "ContainerCreating" } };
        const startTime = age >= taken ? { startTime: "2026-11-28T08:00:00Z" } : {};
        return { metadata: { name }, status: { phase: "Pending", ...startTime, containerStatuses: [{ name, state }] } };
      },
      [`GET ${NAMESPACE}/pods/NAME/log`]: (name) => {
        happens(`read ${name}`);
        return `${pods.get(name)?.said}\n`;
      },
      [`DELETE ${NAMESPACE}/pods/NAME`]: (name) => (pods.delete(name) ? {} : 404),
    };
    return createServer(async (request, response) => {
      const body = await text(request);
      const path = request.url?.split("?")[0] ?? "";
      const name = /fuse-sweep-(check|unmount)/.exec(path + body)?.[1] ?? "";
      const asked = `${request.method} ${path.replace(/fuse-sweep-\w+/, "NAME")}`;
      reply(response, answers[asked]?.(name) ?? 404);
    });
  }
});

function reply(response: ServerResponse, answer: object | string | number): void {
  const code = typeof answer === "number" ? answer : 200;
  const body = typeof answer === "number" ? { kind: "Status", code } : answer;
  response.writeHead(code, { "content-type": typeof answer === "string" ? "text/plain" : "application/json" });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}
