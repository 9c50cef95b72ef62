import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { identify, isAlive, parseStat, signal } from "../../base/identity.ts";

const stat = (name: string, state: string) =>
  `4242 (${name}) ${state} 1 4242 4242 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 2400256 200`;

describe("process identity", () => {
  it("is the number and the start time", () => {
    assert.deepEqual(parseStat(stat("kubelet", "S")), { pid: 4242, started: "987654" });
  });

  it("is read behind a name with spaces and parentheses", () => {
    assert.deepEqual(parseStat(stat("a) R (b", "S")), { pid: 4242, started: "987654" });
  });

  it("takes a zombie for dead", () => {
    assert.equal(parseStat(stat("kubelet", "Z")), undefined);
  });

  it("tells this process from an earlier one of the same number", () => {
    const self = identify(process.pid);
    assert.ok(self);
    assert.equal(isAlive(self), true);
    assert.equal(isAlive({ ...self, started: "1" }), false);
  });

  it("signals only the process that was meant", async () => {
    const child = spawn("sleep", ["30"]);
    const known = identify(child.pid ?? 0);
    assert.ok(known);
    signal({ ...known, started: "1" }, "SIGKILL");
    assert.equal(isAlive(known), true);
    const ended = once(child, "exit");
    signal(known, "SIGKILL");
    await ended;
    assert.equal(isAlive(known), false);
  });
});
