import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ofStep } from "../core/evidence/evidence.ts";
import { type ImaginedNode, imaginedNode } from "./imagined.ts";
import { type Life, live, stepsOf } from "./live.ts";

const MOUNTED = ["daemon", "mount", "marker"];
const LOG = ".fuse-propagation-test.log";

describe("a producer whose pod takes the place of another", () => {
  const nodes: ImaginedNode[] = [];
  after(() => {
    for (const made of nodes) made.remove();
  });
  const node = (): ImaginedNode => {
    const made = imaginedNode();
    nodes.push(made);
    return made;
  };
  /** One life in a pod with this annotation; its window for inspection is short. */
  const pod = (on: ImaginedNode, replaces: string, environment: Record<string, string> = {}) => {
    const POD = join(on.findings, "pod");
    mkdirSync(POD, { recursive: true });
    writeFileSync(
      join(POD, "annotations"),
      `other="1"\n${replaces && `fuse-propagation-test/replaces="${replaces}"\n`}`,
    );
    return live(on, { POD, FAULT: "crash", AFTERWARDS: "inspect", ...environment });
  };
  const [calm, again, foreign, linked, dead] = [node(), node(), node(), node(), node()];
  const target = join(linked.findings, "somebody-else's");
  let first: Life;
  let second: Life;
  let secondLife: Life;
  let afterOther: Life;
  let kept: Life;

  before(async () => {
    writeFileSync(target, "precious\n");
    symlinkSync(target, join(linked.bridge, LOG));
    await Promise.all([
      pod(calm, "").then(async (life) => {
        first = life;
        second = await pod(calm, "forced 12-ab");
      }),
      pod(again, "", { FAULT: "none" }).then(async () => {
        // Somebody made it again by hand: nothing says whom it follows.
        secondLife = await pod(again, "", { FAULT: "none" });
      }),
      pod(foreign, "", { FAULT: "none", RUN: "of-another-day" }).then(async () => {
        afterOther = await pod(foreign, "deleted 12-ab", { FAULT: "none" });
      }),
      pod(linked, "", { FAULT: "none" }),
      pod(dead, "", { FAULT: "none" }).then(async () => {
        dead.mount("fuse.imagined", "dead");
        kept = await pod(dead, "deleted 12-ab", { CLEAR_DEAD_MOUNT: "no" });
      }),
    ]);
  });

  it("says all again that was said before it, and mounts at once, without the schedule", () => {
    const schedule = [...MOUNTED, "crash crash", "clean", ...MOUNTED, "unmount-in-order", ...MOUNTED, "inspect"];
    assert.deepEqual(stepsOf(first), [...schedule, "unmount"]);
    assert.deepEqual(stepsOf(second), [...schedule, "unmount", "replaced", ...MOUNTED, "inspect", "unmount"]);
    assert.deepEqual(second.records.slice(0, first.records.length), first.records);
    assert.equal(ofStep(second.records, "mount").at(-1)?.mount, "4");
  });

  it("says whose place it takes, how that one went, and what it has left", () => {
    const [replaced] = ofStep(second.records, "replaced");
    assert.deepEqual([replaced?.way, replaced?.replaces, replaced?.mounts], ["forced", "12-ab", "0"]);
    const [met] = ofStep(kept.records, "replaced");
    assert.deepEqual([met?.mounts, met?.mountinfo?.includes(" - fuse.imagined dead ")], ["1", true]);
  });

  it("leaves a dead mount in its place where the settings ask for that", () => {
    assert.ok(!stepsOf(kept).includes("stale"));
    assert.ok(stepsOf(kept).includes("replaced"));
  });

  it("takes it away at its end, from below its own mount", () => {
    assert.equal(stepsOf(kept).at(-1), "unmount");
    assert.doesNotMatch(dead.mountTable(), /fuse/);
  });

  it("begins at the beginning where nothing says whom it follows, or what it finds is of another run", () => {
    for (const life of [secondLife, afterOther]) assert.deepEqual(stepsOf(life), [...MOUNTED, "inspect", "unmount"]);
    const log = readFileSync(join(again.bridge, LOG), "utf8");
    assert.equal(log.match(/"step":"settle"/g)?.length, 1);
  });

  it("writes into no file that somebody has put in the place of its own", () => {
    assert.equal(readFileSync(target, "utf8"), "precious\n");
  });

  it("writes none where its pod is not to be replaced", async () => {
    const plain = node();
    await live(plain, { FAULT: "none" });
    assert.ok(!existsSync(join(plain.bridge, LOG)));
  });
});
