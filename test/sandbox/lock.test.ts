import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { identify } from "../../base/identity.ts";
import { take } from "../../sandbox/lock.ts";
import { SandboxError } from "../../sandbox/problem.ts";

describe("the lock", () => {
  const directory = mkdtempSync(join(tmpdir(), "lock-"));
  const file = join(directory, "lock");
  beforeEach(() => rmSync(file, { force: true }));
  after(() => rmSync(directory, { recursive: true }));

  it("is taken once, and leaves no other file", () => {
    assert.equal(take(file), true);
    assert.equal(take(file), false);
    assert.deepEqual(readdirSync(directory), ["lock"]);
  });

  it("of a process that has ended is free", () => {
    writeFileSync(file, JSON.stringify({ ...identify(process.pid), started: "1" }));
    assert.equal(take(file), true);
  });

  it("that names nobody, as after a reset, is free after some seconds", () => {
    writeFileSync(file, "");
    assert.equal(take(file), false);
    const before = Date.now() / 1000 - 10;
    utimesSync(file, before, before);
    assert.equal(take(file), true);
  });

  it("that cannot be made is a failure, not a lock held by another", () => {
    assert.throws(
      () => take(join(directory, "missing", "lock")),
      (error) => error instanceof SandboxError && /ENOENT/.test(error.message),
    );
  });
});
