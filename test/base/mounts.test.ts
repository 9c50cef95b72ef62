import assert from "node:assert/strict";
import { isFuseType } from "../../base/fuse.ts";
import { mountsOf, parseMounts } from "../../base/mounts.ts";

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

  it("is there of this process, and empty of none", () => {
    assert.ok(mountsOf("self").some(({ path }) => path === "/"));
    assert.deepEqual(mountsOf(2 ** 30), []);
  });

  it("tells FUSE from what only has a name like it", () => {
    for (const type of ["fuse", "fuseblk", "fuse.sshfs", "fuseblk.ntfs"]) assert.ok(isFuseType(type), type);
    for (const type of ["fusectl", "ext4", "fusefs", "afuse"]) assert.ok(!isFuseType(type), type);
  });
});
