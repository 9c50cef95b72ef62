import assert from "node:assert/strict";
import { fuseBelow, holding, MAX_LINES, mountedAt, mountTable, peersOf } from "../../../core/live/mountTable.ts";

const FUSE = "36 35 0:76 / /media/dfs rw,nosuid shared:36 master:3 - fuse.rclone remote: rw,user_id=0,allow_other";

describe("the mount table of a container that is not ours", () => {
  it("has what the kernel says of each mount", () => {
    const [mount] = mountTable(`${FUSE}\n`);
    assert.deepEqual(mount, {
      ...{ line: FUSE, device: "0:76", root: "/", point: "/media/dfs", shared: "36", master: "3", type: "fuse.rclone" },
      options: ["rw", "user_id=0", "allow_other"],
    });
    assert.equal(peersOf(mount as NonNullable<typeof mount>), "shared:36 master:3");
  });

  it("reads names with spaces, tabs, line feeds, backslashes and other characters", () => {
    const line = (point: string) => `1 2 0:5 / ${point} rw - fuse.x a rw`;
    const points = ["/a\\040b", "/a\\011b", "/a\\012b", "/a\\134040b", "/a\u001b[31mb", "/ä\u202e", "/a\\999"];
    assert.deepEqual(
      mountTable(points.map(line).join("\n")).map(({ point }) => point),
      ["/a b", "/a\tb", "/a\nb", "/a\\040b", "/a\u001b[31mb", "/ä\u202e", "/a\\999"],
    );
  });

  it("leaves out what is no line of one", () => {
    const text = `cat: can't open\n\n1 2 0:5\n1 2 x:y / /a rw - fuse a rw\n1 2 0:5 / a rw - fuse a rw\n1 2 0:5 / /a rw -  \n${FUSE}`;
    assert.deepEqual(
      mountTable(text).map(({ point }) => point),
      ["/media/dfs"],
    );
  });

  it("reads a million lines and one of ten million characters within bounds", () => {
    const from = performance.now();
    const many = mountTable(`${FUSE}\n`.repeat(1_000_000));
    assert.equal(many.length, MAX_LINES);
    const [long] = mountTable(`${FUSE.replace("remote:", "x".repeat(10_000_000))}\n`);
    assert.ok((long?.line.length ?? 0) < 500);
    assert.deepEqual(mountTable("\\040".repeat(5_000_000)), []);
    assert.ok(performance.now() - from < 20_000, `${performance.now() - from} ms`);
  });

  it("knows what is on top, below and under a path", () => {
    const table = mountTable(
      [
        "1 0 8:1 / / rw - ext4 a rw",
        "2 1 8:1 /x /media rw master:1 - ext4 a rw",
        FUSE,
        FUSE.replace("0:76", "0:77"),
      ].join("\n"),
    );
    assert.deepEqual(
      mountedAt(table, "/media/dfs").map(({ device }) => device),
      ["0:76", "0:77"],
    );
    assert.equal(fuseBelow(table, "/media").length, 2);
    assert.equal(fuseBelow(table, "/med").length, 0);
    assert.equal(holding(table, "/media/dfs/tv")?.device, "0:77");
    assert.equal(holding(table, "/media/tv")?.point, "/media");
  });
});
