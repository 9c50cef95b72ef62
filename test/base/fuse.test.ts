import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { isFuseType } from "../../base/fuse.ts";
import { SCRIPTS } from "../core/contract/shell.ts";

const LIB = join(import.meta.dirname, "..", "..", "probe", "lib.sh");
const TYPES = [
  "fuse",
  "fuseblk",
  "fuse.rclone",
  "fuse.",
  "fuseblk.ntfs",
  "fusectl",
  "fuse2",
  "fuseblk2",
  "xfuse",
  "ext4",
  "",
];

describe("a file system type", () => {
  it("is FUSE's where the probe takes it for that, in every place", () => {
    const own = TYPES.filter(isFuseType);
    assert.deepEqual(own, ["fuse", "fuseblk", "fuse.rclone", "fuse.", "fuseblk.ntfs"]);
    const script = `. "$0"; for type; do is_fuse "$type" && echo "$type"; done`;
    const { stdout } = spawnSync("busybox", ["ash", "-c", script, LIB, ...TYPES], { encoding: "utf8" });
    assert.deepEqual(stdout.trimEnd().split("\n"), own);
    const patterns = Object.values(SCRIPTS).flatMap((text) => [...text.matchAll(/~ \/(\^fuse[^/]*)\//g)]);
    assert.equal(patterns.length, 3);
    for (const [, pattern = ""] of patterns)
      assert.deepEqual(
        TYPES.filter((type) => new RegExp(pattern).test(type)),
        own,
        pattern,
      );
  });
});
