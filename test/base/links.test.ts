import assert from "node:assert/strict";
import { lstatSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { linkExactly } from "../../base/links.ts";

describe("a directory of links", () => {
  const directory = mkdtempSync(join(tmpdir(), "links-"));
  after(() => rmSync(directory, { recursive: true }));

  it("holds exactly what is wanted and exists, and keeps the links that are right", () => {
    symlinkSync("/bin/sh", join(directory, "keep"));
    symlinkSync("/bin/sh", join(directory, "wrong"));
    symlinkSync("/bin/sh", join(directory, "unwanted"));
    const kept = lstatSync(join(directory, "keep")).ino;
    linkExactly(directory, { keep: "/bin/sh", wrong: "/bin/ls", missing: "/does/not/exist" });
    assert.deepEqual(readdirSync(directory).sort(), ["keep", "wrong"]);
    assert.equal(readlinkSync(join(directory, "wrong")), "/bin/ls");
    assert.equal(lstatSync(join(directory, "keep")).ino, kept);
  });
});
