import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeConfig } from "@kubernetes/client-node";
import { type Gathering, gather } from "../../cluster/gather.ts";
import { LABELS, nodeLabel, PROJECT } from "../../core/contract/names.ts";
import type { Step } from "../../core/contract/records.ts";
import type { Evidence } from "../../core/evidence/evidence.ts";
import { parseSettings } from "../../core/settings/settings.ts";
import { record } from "../core/evidence/evidence.ts";
import { until } from "../until.ts";
import { listening } from "./api.ts";

const settings = parseSettings({ nodes: ["n1"], scenarios: ["!permissions"] });
const PODS = `/api/v1/namespaces/${settings.namespace}/pods`;

/** What comes over several connections comes when it comes: asks again until it holds, for ten seconds. */
async function holds(check: () => void): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      return check();
    } catch {
      await sleep(50);
    }
  }
  check();
}

/** As much of an API server as a collector reads: watches that stay open, and logs. */
class FakeApi {
  readonly logs = new Map<string, string>();
  /** What is there, by the path of its collection. */
  readonly lists = new Map<string, readonly object[]>();
  /** Where the user may not list, but watch. */
  readonly unlisted = new Set<string>();
  private watches = new Map<string, http.ServerResponse[]>();
  private readonly server = http.createServer((request, response) => this.answer(request, response));

  start = (): Promise<KubeConfig> => listening(this.server);

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }

  async send(path: string, type: string, object: object) {
    await until(() => this.watches.get(path)?.length, Boolean, { everyMs: 5 });
    for (const watch of this.watches.get(path) ?? []) watch.write(`${JSON.stringify({ type, object })}\n`);
    await sleep(100);
  }

  /** Ends every watch, as a server that is restarted does. */
  break() {
    const all = [...this.watches.values()].flat();
    this.watches = new Map();
    for (const watch of all) watch.destroy();
  }

  private answer({ url = "" }: http.IncomingMessage, response: http.ServerResponse) {
    const { pathname, searchParams } = new URL(url, "http://fake");
    if (pathname.endsWith("/log")) {
      const which = searchParams.get("previous") === "true" ? "previous" : "current";
      const log = this.logs.get(`${pathname.split("/").at(-2)} ${which}`);
      response.writeHead(log === undefined ? 400 : 200).end(log);
    } else if (searchParams.has("watch")) {
      response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
      this.watches.set(pathname, [...(this.watches.get(pathname) ?? []), response]);
    } else if (this.unlisted.has(pathname)) response.writeHead(403).end();
    else {
      const list = { metadata: { resourceVersion: "1" }, items: this.lists.get(pathname) ?? [] };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(list));
    }
  }
}

interface Life {
  readonly name?: string;
  readonly created?: string;
  readonly uid: string;
  readonly run: string;
  readonly restarts?: number;
  readonly deleted?: boolean;
  readonly state?: object;
  /** It has ended before; so it has where it was started again. */
  readonly ended?: boolean;
}

const producer = ({
  name = "fuse-producer",
  created,
  uid,
  run,
  restarts = 0,
  deleted = false,
  state = { running: {} },
  ended = restarts > 0,
}: Life) => ({
  metadata: {
    name,
    uid,
    ...(created ? { creationTimestamp: created } : {}),
    labels: {
      [LABELS.name]: PROJECT,
      [LABELS.run]: run,
      [LABELS.node]: nodeLabel("n1"),
      [LABELS.component]: "producer",
    },
    ...(deleted ? { deletionTimestamp: "2026-11-22T10:00:00Z" } : {}),
  },
  spec: { containers: [{ name: "fuse-producer" }] },
  status: {
    phase: "Running",
    containerStatuses: [
      {
        name: "fuse-producer",
        state,
        restartCount: restarts,
        ...(ended ? { lastState: { terminated: { exitCode: 137, reason: "Error" } } } : {}),
      },
    ],
  },
});

const event = (uid: string, message: string, fieldPath?: string) => ({
  metadata: { uid: `${uid} ${message}` },
  reason: "Failed",
  message,
  type: "Warning",
  involvedObject: { kind: "Pod", name: "fuse-producer", uid, fieldPath },
});
const lines = (...steps: readonly [Step, number][]) =>
  steps.map(([step, uptime]) => `${JSON.stringify(record("producer", step, "ok", { uptime }))}\n`).join("");

describe("what is gathered of a run", () => {
  let api: FakeApi;
  let stop: AbortController;
  let seen: Evidence | undefined;
  let gathering: Gathering;

  beforeEach(async () => {
    [api, stop, seen] = [new FakeApi(), new AbortController(), undefined];
    const config = await api.start();
    gathering = gather(
      config,
      settings,
      undefined,
      stop.signal,
      (evidence) => {
        seen = evidence;
      },
      () => undefined,
    );
  });
  afterEach(() => {
    stop.abort();
    api.stop();
  });
  const steps = () => seen?.records.map(({ step }) => step);

  it("learns of a pod that was deleted while the watch was broken", async () => {
    const names = () => seen?.pods.map(({ name }) => name);
    await api.send(PODS, "ADDED", producer({ uid: "a", run: "r" }));
    await holds(() => assert.deepEqual(names(), ["fuse-producer"]));
    api.break();
    await holds(() => assert.deepEqual(names(), []));
  });

  it("learns of a pod that was deleted, and one of its name made, while the watch was broken", async () => {
    api.logs.set("fuse-producer current", lines(["mount", 10]));
    await api.send(PODS, "ADDED", producer({ uid: "old", run: "r1" }));
    await holds(() => assert.deepEqual([seen?.run, steps()], ["r1", ["mount"]]));
    api.logs.clear();
    api.lists.set(PODS, [producer({ uid: "new", run: "r2", state: { waiting: {} } })]);
    api.break();
    await holds(() => assert.deepEqual([seen?.run, steps()], ["r2", []]));
  });

  it("watches all the same where its user may not list", async () => {
    api.unlisted.add(PODS);
    api.break();
    await api.send(PODS, "ADDED", producer({ uid: "a", run: "r" }));
    await holds(() => assert.equal(seen?.pods.length, 1));
  });

  it("waits for the end of the run once, however often a watch breaks", async () => {
    const waiting = () => getEventListeners(stop.signal, "abort").length;
    await api.send(PODS, "ADDED", producer({ uid: "a", run: "r", state: { waiting: {} } }));
    const before = waiting();
    for (let round = 0; round < 5; round++) {
      api.break();
      await api.send(PODS, "MODIFIED", producer({ uid: "a", run: "r", state: { waiting: {} } }));
    }
    await holds(() => assert.ok(waiting() <= before, `${waiting()} listeners, and ${before} before`));
  });

  it("has the log of a life that was over before anybody could follow it", async () => {
    api.logs.set("fuse-producer previous", lines(["mount", 10], ["crash", 12]));
    api.logs.set("fuse-producer current", lines(["settle", 15]));
    await api.send(PODS, "ADDED", producer({ uid: "a", run: "r", restarts: 1 }));
    await holds(() => assert.deepEqual(steps()?.sort(), ["crash", "mount", "settle"]));
  });

  it("has the log of a container that has ended, and that the kubelet cannot make again", async () => {
    api.logs.set("fuse-producer current", lines(["mount", 10], ["crash", 12]));
    const state = { waiting: { reason: "CreateContainerError" } };
    await api.send(PODS, "ADDED", producer({ uid: "a", run: "r", state, ended: true }));
    await holds(() => assert.deepEqual(steps()?.sort(), ["crash", "mount"]));
  });

  it("takes nothing for a line but what a line feed ends", async () => {
    const forged = lines(["mount", 10]).trim();
    api.logs.set(
      "fuse-producer current",
      `it says:\r${forged}\r\u2028${forged}\u2029${forged}\n${lines(["settle", 15])}`,
    );
    await api.send(PODS, "ADDED", producer({ uid: "a", run: "r" }));
    await holds(() => assert.deepEqual(steps(), ["settle"]));
  });

  it("has each life once, where the next one's log was served in its place", async () => {
    api.logs.set("fuse-producer current", lines(["settle", 15]));
    await api.send(PODS, "ADDED", producer({ uid: "a", run: "r" }));
    await holds(() => assert.deepEqual(steps(), ["settle"]));
    api.logs.set("fuse-producer previous", lines(["mount", 10], ["crash", 12]));
    await api.send(PODS, "MODIFIED", producer({ uid: "a", run: "r", restarts: 1 }));
    await holds(() => assert.deepEqual(steps()?.sort(), ["crash", "mount", "settle"]));
  });

  it("has the next life's log where the one before was served once more in its place", async () => {
    api.logs.set("fuse-producer current", lines(["mount", 10], ["crash", 12]));
    await api.send(PODS, "ADDED", producer({ uid: "a", run: "r" }));
    await holds(() => assert.deepEqual(steps()?.sort(), ["crash", "mount"]));
    await api.send(PODS, "MODIFIED", producer({ uid: "a", run: "r", restarts: 1 }));
    await sleep(300);
    api.logs.set("fuse-producer current", lines(["settle", 15]));
    await holds(() => assert.deepEqual(steps()?.sort(), ["crash", "mount", "settle"]));
  });

  it("takes nothing from a pod that was on its way out when the watch began", async () => {
    api.logs.set("fuse-producer current", lines(["mount", 10]));
    await api.send(PODS, "ADDED", producer({ uid: "old", run: "r1", deleted: true }));
    assert.equal(seen?.pods.length ?? 0, 0);
    assert.equal(seen?.records.length ?? 0, 0);
  });

  it("keeps an event that comes before its pod, and counts how often it was said", async () => {
    const events = `/api/v1/namespaces/${settings.namespace}/events`;
    api.logs.set("fuse-producer current", "");
    await api.send(events, "ADDED", event("a", "Failed to pull image"));
    await api.send(events, "ADDED", event("an earlier one", "not of this pod"));
    await api.send(PODS, "ADDED", producer({ uid: "a", run: "r" }));
    const reported = () => seen?.events.map(({ message, count }) => `${message} ${count}`);
    await holds(() => assert.deepEqual(reported(), ["Failed to pull image 1"]));
    await api.send(events, "MODIFIED", { ...event("a", "Failed to pull image"), count: 2 });
    await holds(() => assert.deepEqual(reported(), ["Failed to pull image 2"]));
  });

  it("tells which container an event is about", async () => {
    const events = `/api/v1/namespaces/${settings.namespace}/events`;
    api.logs.set("fuse-producer current", "");
    await api.send(PODS, "ADDED", producer({ uid: "a", run: "r" }));
    await api.send(events, "ADDED", event("a", "of one", "spec.containers{fuse-producer}"));
    await api.send(events, "ADDED", event("a", "of an init container", "spec.initContainers{fuse-turn}"));
    await api.send(events, "ADDED", event("a", "of the pod"));
    await holds(() =>
      assert.deepEqual(
        seen?.events.map(({ message, container }) => [message, container]),
        [
          ["of one", "fuse-producer"],
          ["of an init container", "fuse-turn"],
          ["of the pod", undefined],
        ],
      ),
    );
  });

  it("takes a container's records of its own role, and no others", async () => {
    const forged = `${JSON.stringify(record("default", "verdict", "ok", { uptime: 11 }))}\n`;
    api.logs.set("fuse-producer current", lines(["mount", 10]) + forged);
    await api.send(PODS, "ADDED", producer({ uid: "a", run: "r" }));
    await holds(() => assert.deepEqual(steps(), ["mount"]));
  });

  it("takes the newest pod of a component, and none of another run than the newest", async () => {
    const [old, young] = ["2026-11-24T01:00:00Z", "2026-11-24T02:00:00Z"];
    const names = () => seen?.pods.map(({ name }) => name);
    api.logs.set("fuse-producer current", "");
    api.logs.set("media-1 current", lines(["mount", 10]));
    await api.send(PODS, "ADDED", producer({ uid: "a", run: "r2", created: young }));
    await api.send(PODS, "ADDED", producer({ name: "media-1", uid: "b", run: "r1", created: old }));
    await holds(() => assert.deepEqual([names(), seen?.run], [["fuse-producer"], "r2"]));
    assert.deepEqual(steps(), []);
    await api.send(PODS, "ADDED", producer({ name: "media-2", uid: "c", run: "r2", created: old }));
    await holds(() => assert.deepEqual(names(), ["fuse-producer"]));
  });

  for (const [what, state] of [
    ["runs", { running: {} }],
    ["has ended", { terminated: { exitCode: 137 } }],
  ] as const)
    it(`says of a container that ${what} whether its log was had`, async () => {
      await api.send(PODS, "ADDED", producer({ uid: "a", run: "r", state }));
      await holds(() => assert.deepEqual(seen?.unread, ["fuse-producer/fuse-producer"]));
      api.logs.set("fuse-producer current", lines(["mount", 10]));
      await holds(() => assert.deepEqual(seen?.unread, []));
      await holds(() => assert.deepEqual(steps(), ["mount"]));
    });

  for (const reason of ["ContainerStatusUnknown", "StartError", "ContainerCannotRun"])
    it(`expects no log of a container that never started: ${reason}`, async () => {
      const state = { terminated: { exitCode: 128, reason } };
      await api.send(PODS, "ADDED", producer({ uid: "a", run: "r", state }));
      await holds(() => assert.equal(seen?.pods.length, 1));
      assert.deepEqual(seen?.unread, []);
    });

  it("keeps what a pod has said that is replaced by one that goes on with its story, and the pod until that one is there", async () => {
    api.logs.set("fuse-producer current", lines(["mount", 10]));
    await api.send(PODS, "ADDED", producer({ uid: "old", run: "r" }));
    await holds(() => assert.deepEqual(steps(), ["mount"]));
    gathering.leaving({ node: "n1" }, "old");
    await api.send(PODS, "DELETED", producer({ uid: "old", run: "r", state: { terminated: { exitCode: 0 } } }));
    assert.deepEqual([seen?.pods.length, steps()], [1, ["mount"]]);
    api.logs.set("fuse-producer current", lines(["mount", 10], ["replaced", 12]));
    await api.send(PODS, "ADDED", producer({ uid: "new", run: "r" }));
    await holds(() => assert.deepEqual(new Set(steps()), new Set(["mount", "replaced"])));
    assert.equal(seen?.pods.length, 1);
  });

  it("says what is asked of the producer's pod being replaced, and why it is not", async () => {
    await api.send(PODS, "ADDED", producer({ uid: "a", run: "r" }));
    await holds(() => assert.deepEqual(seen?.replacing, { ways: ["deleted", "forced"] }));
    gathering.unasked({ node: "n1" }, "forced", "not here");
    gathering.notReplaced({ node: "n1" }, "HTTP 403");
    assert.deepEqual(seen?.replacing, {
      ways: ["deleted", "forced"],
      unasked: { forced: "not here" },
      refused: "HTTP 403",
    });
  });

  it("forgets a pod in whose place another has come, with its log and its events", async () => {
    const events = `/api/v1/namespaces/${settings.namespace}/events`;
    api.logs.set("fuse-producer current", lines(["mount", 10]));
    await api.send(PODS, "ADDED", producer({ uid: "old", run: "r1", state: { terminated: { exitCode: 0 } } }));
    await api.send(events, "ADDED", event("old", "path is not a shared mount"));
    const counts = () => [seen?.records.length, seen?.events.length, seen?.run];
    await holds(() => assert.deepEqual(counts(), [1, 1, "r1"]));
    await api.send(PODS, "ADDED", producer({ uid: "new", run: "r2", state: { waiting: {} } }));
    await holds(() => assert.deepEqual(counts(), [0, 0, "r2"]));
    await api.send(events, "ADDED", event("old", "path is not a shared mount, again"));
    assert.equal(seen?.events.length, 0);
    await api.send(events, "ADDED", event("new", "no room"));
    const messages = () => seen?.events.map(({ message }) => message);
    await holds(() => assert.deepEqual(messages(), ["no room"]));
  });
});
