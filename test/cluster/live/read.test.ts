import assert from "node:assert/strict";
import type { UserError } from "../../../base/problem.ts";
import { execIn } from "../../../cluster/live/exec.ts";
import { ask, ownTarget, readTable } from "../../../cluster/live/look.ts";
import { readLive, readPods } from "../../../cluster/live/read.ts";
import { isRead, type LiveView } from "../../../core/live/facts.ts";
import { diagnosisOf } from "../../../core/live/index.ts";
import { livePod } from "../../../core/live/pods.ts";
import { DAEMON, type Given, pod, READER } from "../../core/live/cases.ts";
import { until } from "../../until.ts";
import { type ExecApi, execApi, type Reply } from "./api.ts";

const NAMESPACE = "/api/v1/namespaces/media";
const tables: Readonly<Record<string, string>> = {
  "rclone-abc-1": DAEMON.table?.join("\n") ?? "",
  "sonarr-abc-1": READER.table?.join("\n") ?? "",
};

/** A container whose tools do as they should. */
const sound = (name: string, command: readonly string[]): Reply =>
  command[0] === "cat" ? (tables[name] ?? "1 0 0:2 / / rw - overlay o rw\n") : "uid 0\n1 0 \n2 0 \n";

function objects(more: readonly object[] = [], daemon: Given = DAEMON): Record<string, object | string> {
  return {
    [`${NAMESPACE}/pods`]: { items: [pod("rclone", daemon), pod("sonarr", READER), ...more] },
    [`${NAMESPACE}/events`]: { items: [] },
    "/api/v1/nodes/w2": { metadata: { name: "w2" }, status: { conditions: [{ type: "Ready", status: "True" }] } },
    [`${NAMESPACE}/pods/rclone-abc-1/log`]: "a\nb\n",
  };
}

describe("the reading of pods that run", () => {
  let api: ExecApi;
  afterEach(() => api.close());

  const where = { namespace: "media", pod: "p", container: "c" };

  it("ends a command that never answers at its deadline, and one that never stops at its limit", async () => {
    api = await execApi({}, (name) => (name === "p" ? "silent" : "flood"));
    const from = performance.now();
    const silent = await execIn(api.config, where, ["cat"], { withinMs: 300, bytes: 100 });
    assert.deepEqual([silent.by, silent.stdout, silent.words], ["deadline", "", "no answer within 0.3 s"]);
    const flood = await execIn(api.config, { ...where, pod: "q" }, ["cat"], { withinMs: 20_000, bytes: 5 << 20 });
    assert.deepEqual([flood.by, flood.stdout.length], ["limit", 5 << 20]);
    assert.ok(performance.now() - from < 15_000 && api.flooded() < 200 << 20, `${api.flooded()} bytes`);
  });

  it("leaves no connection open, not even one that is never taken", async () => {
    api = await execApi({}, (name) => (name === "p" ? "deaf" : "silent"));
    const limits = { withinMs: 200, bytes: 100 };
    const said = await Promise.all(
      ["p", "q"].map((name) => execIn(api.config, { ...where, pod: name }, ["cat"], limits)),
    );
    for (const { by, words } of said) assert.ok(by === "deadline" || /handshake has timed out/.test(words), words);
    assert.equal(
      await until(
        () => api.open(),
        (many) => many === 0,
        { seconds: 5 },
      ),
      0,
    );
  });

  it("says why a table cannot be read, and what to do", async () => {
    const missing = 'exec failed: exec: "cat": executable file not found in $PATH';
    api = await execApi({}, (name) => (name === "bare" ? { refused: missing } : name === "denied" ? 403 : ""));
    const table = (name: string) => readTable(api.config, ownTarget({ ...livePod(pod("c", {})), name }, "c"));
    const [bare, denied, empty] = [await table("bare"), await table("denied"), await table("empty")];
    assert.ok(!isRead(bare) && !isRead(denied) && !isRead(empty));
    assert.match(`${bare.words}: ${bare.remedy}`, /its image has no cat.*--allow-ephemeral/);
    assert.match(`${denied.words}: ${denied.remedy}`, /does not let this user exec.*--print-role -n media/);
    assert.match(empty.words, /no mount table/);
  });

  it("cuts a table of millions of lines, and says so", async () => {
    const line = `${DAEMON.table?.[2]}\n`;
    api = await execApi({}, () => line.repeat(2_000_000));
    const look = await readTable(api.config, ownTarget(livePod(pod("c", {})), "c"));
    assert.ok(isRead(look));
    assert.match(look.cut ?? "", /longer than 8 MiB: the rest was not read/);
    assert.ok(look.table.length > 10_000 && look.table.length <= 100_000);
  });

  const look: LiveView = { table: [], answers: new Map() };
  const answersTo = async (said: Reply, paths: readonly string[]) => {
    api = await execApi({}, () => said);
    const { answers, uid } = await ask(api.config, ownTarget(livePod(pod("c", {})), "c"), look, paths);
    return { uid, errnos: paths.map((path) => answers.get(path)?.errno) };
  };

  it("takes the words of glibc and musl, SIGKILL and silence for what they are", async () => {
    const said = [
      "uid 1000",
      "2 1 stat: cannot read file system information for '/b': Transport endpoint is not connected",
      "1 0 ",
      "3 1 stat: can't stat '/c': Socket not connected",
      "4 137 Killed",
      "5 1 stat: '/e': Permission denied",
      "6 1 something else",
    ].join("\n");
    const paths = ["/a", "/b", "/c", "/d", "/e", "/f", "/g"];
    const errnos = [undefined, "ENOTCONN", "ENOTCONN", "ETIMEDOUT", "EACCES", "UNKNOWN", "ETIMEDOUT"];
    assert.deepEqual(await answersTo(said, paths), { uid: "1000", errnos });
  });

  it("asks nothing where no tool would end what hangs, and has no answer from who cannot ask", async () => {
    assert.deepEqual(await answersTo("uid 0\nnone: this image has no timeout\n", ["/a"]), {
      uid: undefined,
      errnos: [undefined],
    });
    assert.deepEqual(await answersTo({ refused: 'exec: "sh": executable file not found' }, ["/a"]), {
      uid: undefined,
      errnos: [undefined],
    });
  });

  const diagnosis = async () => {
    const there = await readPods(api.config, ["media"]);
    const { facts } = await readLive(api.config, there, {});
    return diagnosisOf(facts, {});
  };

  it("reads two pods with as many requests as two hundred, of which it looks at no other", async () => {
    api = await execApi(objects(), (name, _, command) => sound(name, command));
    const { findings, seen, unread } = await diagnosis();
    assert.deepEqual([findings, seen.length, unread], [[], 1, []]);
    const few = api.requests.toSorted();
    assert.deepEqual(few, [
      `EXEC ${NAMESPACE}/pods/rclone-abc-1/exec cat`,
      `EXEC ${NAMESPACE}/pods/rclone-abc-1/exec sh`,
      `EXEC ${NAMESPACE}/pods/sonarr-abc-1/exec cat`,
      `EXEC ${NAMESPACE}/pods/sonarr-abc-1/exec sh`,
      `GET ${NAMESPACE}/events`,
      `GET ${NAMESPACE}/pods`,
      `GET ${NAMESPACE}/pods/rclone-abc-1/log`,
      "GET /api/v1/nodes/w2",
    ]);
    api.close();
    const others = Array.from({ length: 198 }, (_, index) =>
      pod(`other${index}`, { volume: { emptyDir: {} }, mount: { mountPath: "/config" } }),
    );
    api = await execApi(objects(others), (name, _, command) => sound(name, command));
    assert.deepEqual((await diagnosis()).findings, []);
    assert.deepEqual(api.requests.toSorted(), few);
  });

  it("judges what it can where the nodes and a log cannot be read", async () => {
    const { "/api/v1/nodes/w2": _, [`${NAMESPACE}/pods/rclone-abc-1/log`]: __, ...rest } = objects();
    api = await execApi(rest, (name, _, command) => sound(name, command));
    const { findings, seen } = await diagnosis();
    assert.deepEqual([findings, seen.length], [[], 1]);
  });

  it("reads what an init container said that holds a daemon up", async () => {
    const waiting = (reason: string) => ({ state: { waiting: { reason } } });
    const stuck = pod("rclone", { ...DAEMON, status: waiting("PodInitializing"), init: waiting("CrashLoopBackOff") });
    api = await execApi({ ...objects(), [`${NAMESPACE}/pods`]: { items: [stuck] } }, () => "");
    await diagnosis();
    // Its own log, and the init container's.
    assert.equal(api.requests.filter((one) => one === `GET ${NAMESPACE}/pods/rclone-abc-1/log`).length, 2);
  });

  it("asks each mount of the daemon, and no more than eight", async () => {
    const asked: (readonly string[])[] = [];
    const many = Array.from({ length: 50 }, (_, nth) => DAEMON.table?.[2]?.replace("/media/dfs", `/media/m${nth}`));
    api = await execApi(objects(), (name, _, command) => {
      if (command[0] === "sh" && name.startsWith("rclone")) asked.push(command.slice(4));
      return command[0] === "cat" && name.startsWith("rclone")
        ? [...(DAEMON.table ?? []), ...many].join("\n")
        : sound(name, command);
    });
    await diagnosis();
    assert.equal(asked.length, 1);
    assert.equal(asked[0]?.length, 8);
  });

  it("refuses a namespace that it may not list, with the remedy", async () => {
    api = await execApi({}, () => "");
    await assert.rejects(readPods(api.config, ["media"]), ({ message, remedy }: UserError) => {
      assert.match(message, /namespace = "media": its pods cannot be read: .*HTTP 404/);
      return /kubectl get pods -n media/.test(remedy);
    });
  });
});
