/**
 * `npm run test:fixes`: each cause is provoked, the words of its fix that core/diagnosis/causes/trials.ts names are carried out, and the
 * next run, in the same namespace and over the same bridge, succeeds.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { trials } from "../../core/diagnosis/causes/trials.ts";
import type { Note, Verdict } from "../../core/diagnosis/verdict.ts";
import { runIn } from "../../sandbox/box/box.ts";
import { readRecord } from "../../sandbox/cluster/record.ts";
import { type Fix, fixed } from "./fixed.ts";
import { fixes } from "./fixes.ts";
import { foundIn, judged } from "./judged.ts";
import { kubectl, leaveSandbox, onNode, type SandboxDocument, sandbox, start, succeeded } from "./sandbox.ts";

/** Two cores run two kubelets and all of this. */
const AT_ONCE = 2;
const NODE = "k3s-w2";
const PRIVATE = "k3s-w1";

/** FUSE_TEST_CAUSES=a,b tries only the fixes of these. */
const only = process.env.FUSE_TEST_CAUSES?.split(",");
const chosen = fixes.filter(({ cause }) => only?.includes(cause) ?? true);

interface Row {
  readonly cause: string;
  readonly applied: string;
  readonly after: string;
  readonly seconds: number;
}

describe("fixes as a verdict prints them", () => {
  let cluster: SandboxDocument;
  const rows = new Map<string, Row>();
  const trying = new Map<Fix, Promise<void>>();
  const folder = mkdtempSync(join(tmpdir(), "fixes-"));

  before(async () => {
    cluster = await sandbox();
    await inPod("before");
    const waiting = [...chosen.entries()];
    const started = chosen.map((fix) => [fix, Promise.withResolvers<void>()] as const);
    for (const [fix, { promise }] of started) {
      promise.catch(() => undefined);
      trying.set(fix, promise);
    }
    const take = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const [index, fix] = next;
        const end = started[index]?.[1];
        await tried(fix, `f${index}`).then(end?.resolve, end?.reject);
      }
    };
    for (let worker = 0; worker < AT_ONCE; worker++) void take();
  });

  after(async () => {
    await Promise.allSettled(trying.values());
    await asRoot(PRIVATE, "mount --make-rprivate /");
    const namespaces = chosen.map((_, index) => `causes-f${index}`);
    await kubectl(cluster, ["delete", "namespace", "--ignore-not-found", "--wait=true", ...namespaces]);
    await kubectl(cluster, ["delete", "runtimeclass", "--selector=causes"]);
    for (const [index, { restore }] of chosen.entries()) if (restore) await asRoot(NODE, `${restore}\ntrue`, index);
    const left = await inPod("after");
    console.log(table([...rows.values()]));
    rmSync(folder, { recursive: true });
    await leaveSandbox();
    assert.equal(left, "", "nothing is left on the node");
  });

  for (const fix of chosen) it(`${fix.cause}: ${fix.provocation.how}`, () => trying.get(fix));

  if (only?.includes("node-root-private") ?? true)
    it("node-root-private: the commands of the verdict's own JSON, and the node gets grade A", async () => {
      await Promise.allSettled(trying.values());
      const from = performance.now();
      const first = await startOn(PRIVATE);
      assert.deepEqual([first.cause, first.grade], ["node-root-private", "C"]);
      const { remedy } = first;
      assert.ok(remedy && remedy.now.length > 0 && remedy.nowTried);
      for (const one of remedy.now) await asRoot(PRIVATE, one);
      const then = await startOn(PRIVATE);
      assert.deepEqual([then.verdict, then.grade], ["success", "A"]);
      row(first.cause, remedy.now.map(quoted), `success, grade ${then.grade}`, from);
    });

  /** Provokes the cause, does what its fix says, and tests again. */
  async function tried(fix: Fix, id: string): Promise<void> {
    const from = performance.now();
    const index = Number(id.slice(1));
    if (fix.prepare) await asRoot(NODE, fix.prepare, index);
    const { verdict } = await judged(cluster, folder, fix.provocation, id);
    const found = foundIn(verdict).find(({ id: cause }) => cause === fix.cause);
    assert.ok(found, `found ${JSON.stringify(foundIn(verdict))}`);
    assert.match(JSON.stringify(found.evidence), fix.provocation.quoted);
    const words = wordsOf(found);
    const commands = fix.onNode === "remedy" ? (verdict.remedy?.now ?? []) : fix.onNode ? [fix.onNode] : [];
    assert.ok(fix.onNode !== "remedy" || (commands.length > 0 && verdict.remedy?.nowTried));
    const run = async () => {
      for (const one of commands) await asRoot(NODE, one, index);
    };
    if (fix.podsStay) await run();
    const pods = ["fuse-producer", "fuse-consumer", "--namespace", `causes-${id}`];
    succeeded(await kubectl(cluster, ["delete", "pods", "--ignore-not-found", "--wait=true", ...pods]));
    if (!fix.podsStay) await run();
    const { verdict: then } = await judged(cluster, folder, fixed(fix, cluster, id), id);
    const still = foundIn(then).map(({ id: cause }) => cause);
    assert.equal(then.verdict, "success", `${then.cause}: ${JSON.stringify(then.evidence)}`);
    if (fix.ready) await becomesReady(fix.ready, `causes-${id}`);
    else assert.ok(!still.includes(fix.cause), still.join());
    const after = still.map((one) => (one === then.cause ? one : `note ${one}`)).join(", ");
    row(fix.cause, fix.onNode === "remedy" ? commands.map(quoted) : words, after, from);
    await kubectl(cluster, ["delete", "namespace", `causes-${id}`, "--wait=false"]);
  }

  async function startOn(name: string): Promise<Verdict> {
    const { kubeconfig, context, images } = cluster;
    const { document, stderr } = await start([
      ...["--kubeconfig", kubeconfig, "--context", context, "--node", name, "--set", "tolerations=[]"],
      ...[`producerImage=${images.producer}`, `consumerImage=${images.producer}`],
    ]);
    const verdict = document?.nodes[name];
    assert.ok(verdict, stderr);
    assert.deepEqual(document?.residue, []);
    return verdict;
  }

  async function becomesReady({ pod, afterSeconds }: NonNullable<Fix["ready"]>, namespace: string): Promise<void> {
    const of = ["--namespace", namespace, `pod/${pod}`];
    succeeded(await kubectl(cluster, ["wait", "--for=condition=Ready", "--timeout=30s", ...of]));
    const times =
      'jsonpath={.status.containerStatuses[0].state.running.startedAt} {.status.conditions[?(@.type=="Ready")].lastTransitionTime}';
    const { stdout } = succeeded(await kubectl(cluster, ["get", "-o", times, ...of]));
    const [began = 0, ready = 0] = stdout.split(" ").map((time) => Date.parse(time));
    assert.ok(ready - began >= afterSeconds * 1000, stdout);
  }

  function row(cause: string, applied: readonly string[], after: string, from: number): void {
    rows.set(cause, { cause, applied: applied.join("; "), after, seconds: (performance.now() - from) / 1000 });
  }

  /** Scripts of the provocations, with rclone at hand and the node's /tmp at /host. @returns what is left there */
  async function inPod(when: "before" | "after"): Promise<string> {
    // What a fix has taken away cannot be taken away once more.
    const scripts = chosen.flatMap(({ provocation }, index) =>
      provocation[when] ? [`ID=causes-f${index}\n{\n${provocation[when]}\n} >/dev/null 2>&1`] : [],
    );
    const tidy =
      "rm -f /host/causes-f*/.fuse-propagation-test; rmdir /host/causes-f*/fuse /host/causes-f*/sub /host/causes-f* 2>/dev/null; ls -d /host/causes-f* 2>/dev/null";
    const lines = [...scripts, ...(when === "after" ? [tidy] : []), "true"];
    return (await onNode(cluster, NODE, lines.join("\n"), "Bidirectional")).trim();
  }
});

/** The words of the printed fix that are carried out. @throws AssertionError where it no longer says them */
function wordsOf({ id, fix }: Note): readonly string[] {
  const trial = trials[id];
  assert.ok(trial && "tried" in trial, id);
  for (const words of trial.tried) assert.ok(fix.includes(words), `${id}: ${fix}`);
  return trial.tried;
}

const quoted = (command: string): string => `\`${command}\``;

/** As root on the node itself, where it has the bridge of that number. */
async function asRoot(name: string, script: string, index?: number): Promise<void> {
  const box = readRecord()?.boxes.find((one) => one.name === name);
  if (!box) throw new Error(`no node ${name}`);
  await runIn(box, ["sh", "-c", index === undefined ? script : `BRIDGE=/tmp/causes-f${index}\n${script}`]);
}

const table = (rows: readonly Row[]): string =>
  [
    "cause | fix applied | verdict after | seconds",
    ...rows.map(({ cause, applied, after, seconds }) => `${cause} | ${applied} | ${after} | ${seconds.toFixed(1)}`),
  ]
    .map((line) => `      ${line}`)
    .join("\n");
