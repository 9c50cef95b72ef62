import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { judge } from "../../core/diagnosis/verdict.ts";
import { evidence } from "../core/evidence/evidence.ts";
import { type ImaginedNode, imaginedNode } from "./imagined.ts";
import { type Life, live, stepsOf } from "./live.ts";

const MARKER = "run=earlier nonce=ccf6d907-3f62-401b-b093-0358ca26b7d9\n";
const MOUNTED = ["daemon", "mount", "marker", "unmount"];
const LEFT_ALONE = ["in-use!", "unmount"];

describe("producer at a mount point that is taken", () => {
  const marked = (node: ImaginedNode) => writeFileSync(join(node.bridge, "fuse", "marker"), MARKER);
  const cases: readonly [what: string, prepare: (node: ImaginedNode) => void, steps: readonly string[]][] = [
    ["takes a dead FUSE mount away", (node) => node.mount("fuse.rclone", "dead"), ["stale", ...MOUNTED]],
    [
      "takes a living one with this test's marker away",
      (node) => {
        node.mount("fuse.rclone", "/tmp/source");
        marked(node);
      },
      ["stale", ...MOUNTED],
    ],
    ["leaves a living one without a marker", (node) => node.mount("fuse.rclone", "media:"), LEFT_ALONE],
    [
      "leaves a living one with another file of that name",
      (node) => {
        node.mount("fuse.mergerfs", "1:2");
        writeFileSync(join(node.bridge, "fuse", "marker"), "a film\n");
      },
      LEFT_ALONE,
    ],
    ["leaves what is no FUSE mount", (node) => node.mount("nfs4", "nas:/media"), LEFT_ALONE],
    [
      "leaves a dead one with another mount below it, which would go with it",
      (node) => {
        node.mount("fuse.rclone", "dead");
        node.mount("ext4", "/dev/sdb1", "fuse/films");
      },
      LEFT_ALONE,
    ],
    [
      "takes its own dead one off somebody else's, and leaves that",
      (node) => {
        node.mount("fuse.rclone", "media:");
        node.mount("fuse.rclone", "dead");
        // What lies below the topmost answers once that is gone.
      },
      ["stale", ...LEFT_ALONE],
    ],
  ];
  const found = new Map<string, { readonly node: ImaginedNode; readonly before: string; readonly life: Life }>();
  before(async () => {
    await Promise.all(
      cases.map(async ([what, prepare]) => {
        const node = imaginedNode();
        prepare(node);
        const table = node.mountTable();
        const life = await live(node, { FAULT: "none" });
        found.set(what, { node, before: table, life });
      }),
    );
  });
  after(() => {
    for (const { node } of found.values()) node.remove();
  });

  for (const [what, , steps] of cases)
    it(what, () => {
      const one = found.get(what);
      assert.ok(one);
      assert.deepEqual(stepsOf(one.life), steps);
      assert.equal(one.life.code, 0);
      const foreign = one.before.split("\n").filter((line) => steps.includes("in-use!") && !line.includes(" dead "));
      for (const line of foreign) assert.ok(one.node.mountTable().includes(line), `${line} is gone`);
    });

  it("is judged a bridge in use, with the mount's line", () => {
    const { life } = found.get("leaves a living one without a marker") ?? {};
    const verdict = judge(evidence({ records: life?.records ?? [] }));
    assert.deepEqual([verdict?.cause, verdict?.verdict], ["bridge-in-use", "inconclusive"]);
    assert.match(JSON.stringify(verdict?.evidence), /shared:3 - fuse\.rclone media:/);
  });
});

describe("directories that were there before the producer", () => {
  const LONG_AGO = new Date("2020-01-01");
  const nodes: ImaginedNode[] = [];
  after(() => {
    for (const node of nodes) node.remove();
  });
  const life = async (prepare: (bridge: string) => void, tools = "") => {
    const node = imaginedNode();
    appendFileSync(join(node.probe, "lib.sh"), tools);
    nodes.push(node);
    prepare(node.bridge);
    await live(node, { FAULT: "none", AFTERWARDS: "inspect" });
    return { fuse: existsSync(join(node.bridge, "fuse")), names: readdirSync(node.bridge) };
  };
  const old = (path: string) => utimesSync(path, LONG_AGO, LONG_AGO);

  it("stay, and what the producer made goes", async () => {
    const [made, older, found, unknown] = await Promise.all([
      life((bridge) => rmdirSync(join(bridge, "fuse"))),
      life((bridge) => old(join(bridge, "fuse"))),
      life((bridge) => {
        rmdirSync(join(bridge, "fuse"));
        mkdirSync(join(bridge, "films"));
        old(bridge);
      }),
      life(() => {}, "stat() { case $2 in %d) echo 1 ;; *) return 1 ;; esac; }"),
    ]);
    assert.deepEqual([made.fuse, older.fuse, found.fuse, unknown.fuse], [false, true, false, true]);
    // Only a bridge that was made with the pod is marked as the test's own.
    const STAMP = ".fuse-propagation-test";
    assert.deepEqual([made.names.includes(STAMP), found.names], [true, ["films"]]);
  });
});
