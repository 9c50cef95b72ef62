import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { source } from "../../base/paths.ts";

describe("a program that joins a box's control groups", () => {
  it("makes directories that others may enter, also for a root whose umask forbids it", () => {
    const script = 'umask 077; exec sh "$0" -- sh -c umask';
    const umask = execFileSync("sh", ["-c", script, join(source, "box", "join.sh")], { encoding: "utf8" });
    assert.equal(umask.trim(), "0022");
  });
});
