import assert from "node:assert/strict";
import { isFuseType } from "../../base/fuse.ts";
import { type MountInfo, mountInfo, mountsOf, parseMounts } from "../../base/mounts.ts";

describe("the mount table", () => {
  it("is read with any number of optional fields, and with blanks in a path", () => {
    const table = [
      "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:7 - ext3 /dev/root rw,errors=continue",
      "400 372 0:140 / /tmp/a\\040b rw - fuse.rclone remote: rw,user_id=0",
      "not a line of it",
      "",
    ].join("\n");
    assert.deepEqual(parseMounts(table), [
      { minor: "0", path: "/mnt2", type: "ext3" },
      { minor: "140", path: "/tmp/a b", type: "fuse.rclone" },
    ]);
  });

  const PLAIN: MountInfo = {
    ...{ id: "36", parent: "35", device: "98:0", root: "/mnt1", point: "/mnt2", options: ["rw", "noatime"], peers: [] },
    ...{ type: "ext3", source: "/dev/root", superOptions: ["rw", "errors=continue"] },
  };
  const plain = (from: string, to: string) =>
    "36 35 98:0 /mnt1 /mnt2 rw,noatime - ext3 /dev/root rw,errors=continue".replace(from, to);
  const NOTHING: MountInfo = {
    ...{ id: "", parent: "", device: "", root: "", point: "", options: [""], peers: [] },
    ...{ type: "", source: "", superOptions: [""] },
  };
  const LINES: readonly (readonly [line: string, fields: MountInfo])[] = [
    [plain("", ""), PLAIN],
    [plain(" - ", " master:1 - "), { ...PLAIN, peers: ["master:1"] }],
    [plain(" - ", " shared:7 master:1 - "), { ...PLAIN, peers: ["shared:7", "master:1"] }],
    [plain(" - ", " master:1 propagate_from:2 - "), { ...PLAIN, peers: ["master:1", "propagate_from:2"] }],
    [plain(" - ", " unbindable - "), { ...PLAIN, peers: ["unbindable"] }],
    [plain("/mnt2", "/a\\040b\\011c\\012d"), { ...PLAIN, point: "/a b\tc\nd" }],
    [plain("/mnt2", "/a\\134040b\\043"), { ...PLAIN, point: "/a\\040b#" }],
    [plain("/mnt2", "/a\\999\\4\\777"), { ...PLAIN, point: "/a\\999\\4\\777" }],
    [plain("/mnt1", "/my\\040films"), { ...PLAIN, root: "/my films" }],
    [plain("/dev/root", "my\\040remote:"), { ...PLAIN, source: "my remote:" }],
    [plain("/dev/root", "-"), { ...PLAIN, source: "-" }],
    [plain("errors=continue", "a\\040b\\054c"), { ...PLAIN, superOptions: ["rw", "a b,c"] }],
    ["36 35", { ...NOTHING, id: "36", parent: "35" }],
    ["36 - ext3", { ...NOTHING, id: "36", type: "ext3" }],
    ["", NOTHING],
  ];
  for (const [line, fields] of LINES)
    it(`has the fields of "${line}"`, () => assert.deepEqual(mountInfo(line), fields));

  it("is there of this process, and empty of none", () => {
    assert.ok(mountsOf("self").some(({ path }) => path === "/"));
    assert.deepEqual(mountsOf(2 ** 30), []);
  });

  it("tells FUSE from what only has a name like it", () => {
    for (const type of ["fuse", "fuseblk", "fuse.sshfs", "fuseblk.ntfs"]) assert.ok(isFuseType(type), type);
    for (const type of ["fusectl", "ext4", "fusefs", "afuse"]) assert.ok(!isFuseType(type), type);
  });
});
