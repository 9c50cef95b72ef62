import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ofStep } from "../core/evidence/evidence.ts";
import { type ImaginedNode, imaginedNode } from "./imagined.ts";
import { type Life, live, stepsOf } from "./live.ts";

/** The kernel's part: it kills the sidecar as soon as that takes more memory than it may have. */
const KERNEL = `exhaust_memory() { record died info "taking more"; echo "$(uptime_now)" >>"$FINDINGS/died"; kill -KILL $$; }`;

const MOUNTED = ["daemon", "mount", "marker"];

describe("a daemon that is a sidecar of its readers' pod", () => {
  const nodes: ImaginedNode[] = [];
  after(() => {
    for (const made of nodes) made.remove();
  });
  const node = (): ImaginedNode => {
    const made = imaginedNode();
    // The control has looked.
    writeFileSync(join(made.findings, "control"), "");
    mkdirSync(storeOf(made));
    appendFileSync(join(made.probe, "driver-imagined.sh"), KERNEL);
    nodes.push(made);
    return made;
  };
  const storeOf = (on: ImaginedNode) => join(on.findings, "store");
  const sentinelOf = (on: ImaginedNode, home = storeOf(on)) => join(home, "source", "sentinel");
  /** One life of the sidecar. @param termAfter its pod is deleted after this step */
  const sidecar = (on: ImaginedNode, replaces: string, termAfter?: string, more: Record<string, string> = {}) => {
    const POD = join(on.findings, "pod");
    mkdirSync(POD, { recursive: true });
    writeFileSync(join(POD, "annotations"), replaces && `fuse-propagation-test/replaces="${replaces}"\n`);
    const own = {
      POD,
      STORE: storeOf(on),
      SAME_POD: "emptyDir",
      FAULT: "die",
      AFTERWARDS: "inspect",
      HOLD_SECONDS: "0",
    };
    return live(on, { ...own, INSPECT_SECONDS: "60", ...more }, termAfter);
  };
  /** What a pod of one's own begins with: without the findings of the one before. */
  const remount = (on: ImaginedNode) => {
    for (const name of ["died", "starved"]) rmSync(join(on.findings, name), { force: true });
  };
  const windowOf = (on: ImaginedNode) =>
    on
      .mountTable()
      .split("\n")
      .filter((line) => line.split(" ")[4] === join(storeOf(on), "window"));
  const [calm, host, lost, over] = [node(), node(), node(), node()];
  const lives: Life[] = [];
  const served: string[][] = [];
  let left: { readonly sentinel: string; readonly window: string[] };
  let tidy: Life;
  let leaving: { readonly table: string; readonly sentinel: boolean };
  let untidy: Life;
  let onHost: Life;
  let missed: Life;

  before(async () => {
    await Promise.all([
      (async () => {
        lives.push(await sidecar(calm, ""));
        const seen = () => served.push(readdirSync(join(storeOf(calm), "source")).sort());
        writeFileSync(join(storeOf(calm), "source", "marker"), "run=r nonce=old\n");
        seen();
        lives.push(await sidecar(calm, ""));
        seen();
        lives.push(await sidecar(calm, "", "inspect"));
        left = { sentinel: readFileSync(sentinelOf(calm), "utf8"), window: windowOf(calm) };
        remount(calm);
        tidy = await sidecar(calm, "tidy 12-ab", "inspect#2");
        leaving = { table: calm.mountTable(), sentinel: existsSync(sentinelOf(calm)) };
        remount(calm);
        untidy = await sidecar(calm, "untidy 12-ab", "inspect#3");
      })(),
      sidecar(host, "", undefined, { SAME_POD: "hostPath" }).then((life) => {
        onHost = life;
      }),
      sidecar(lost, "", "inspect", { FAULT: "none" }).then(async () => {
        rmSync(sentinelOf(lost));
        // What is bound there is the volume of a pod that has gone.
        mkdirSync(join(storeOf(lost), "window"), { recursive: true });
        lost.bind("/gone", join(storeOf(lost), "window"));
        missed = await sidecar(lost, "tidy 12-ab", "inspect#2");
      }),
      sidecar(over, "", undefined, { FAULT: "none", INSPECT_SECONDS: "1" }),
    ]);
  });

  it("crashes with its container, comes back and runs out of memory, comes back and stays", () => {
    const [first, second, third] = lives as [Life, Life, Life];
    const one = ["window", "sentinel", ...MOUNTED, "crash die"];
    const two = [...one, "stale", "sentinel", ...MOUNTED, "died"];
    assert.deepEqual([stepsOf(first), first.code], [one, 137]);
    assert.deepEqual([stepsOf(second), second.code], [two, null]);
    assert.deepEqual(stepsOf(third), [...two, "crash oom", "stale", "sentinel", ...MOUNTED, "inspect", "unmount"]);
    assert.deepEqual(
      ofStep(third.records, "mount").map(({ mount }) => mount),
      ["1", "2", "3"],
    );
    assert.deepEqual(
      ofStep(third.records, "sentinel").map(({ result }) => result),
      ["info", "ok", "ok"],
    );
  });

  it("serves nothing of an earlier mount again", () => {
    assert.deepEqual(served, [["marker", "sentinel"], ["sentinel"]]);
  });

  it("leaves nothing mounted when its pod is deleted, and its own file to the next one", () => {
    assert.deepEqual(left, { sentinel: "run=r\n", window: [] });
  });

  it("of the next pod ends without unmounting, and what keeps the volume is seen in the directory of the node too", () => {
    assert.deepEqual(stepsOf(tidy).slice(-7), ["replaced", "window", "sentinel", ...MOUNTED, "inspect"]);
    assert.equal(ofStep(tidy.records, "replaced").at(-1)?.way, "tidy");
    assert.equal(tidy.code, 137);
    assert.match(leaving.table, / - fuse\.imagined /);
    assert.match(leaving.table, /\/store\/window rw /);
    assert.equal(leaving.sentinel, true);
  });

  it("of the last pod says what has become of its files, and leaves nothing", () => {
    assert.deepEqual(
      stepsOf(untidy).slice(-8),
      ["replaced", "stale", "sentinel", ...MOUNTED, "inspect", "unmount"].slice(-8),
    );
    assert.equal(ofStep(untidy.records, "replaced").at(-1)?.way, "untidy");
    assert.equal(untidy.code, 0);
    assert.deepEqual(windowOf(calm), []);
  });

  it("over a directory of the node keeps its files in that, and binds nothing", () => {
    assert.deepEqual(stepsOf(onHost), ["sentinel", ...MOUNTED, "crash die"]);
    assert.equal(readFileSync(sentinelOf(host, host.bridge), "utf8"), "run=r\n");
  });

  it("says that its files are gone, and binds its own volume over one that has gone", () => {
    const [, told] = ofStep(missed.records, "sentinel");
    assert.equal(told?.result, "error");
    assert.match(told?.detail ?? "", /No such file/);
    assert.deepEqual(
      ofStep(missed.records, "window").map(({ mountinfo }) => mountinfo?.split(" ")[3]),
      ["/b", "/b"],
    );
  });

  it("that nobody follows takes its files away", () => {
    assert.equal(existsSync(join(storeOf(over), "source")), false);
    assert.deepEqual(windowOf(over), []);
  });
});
