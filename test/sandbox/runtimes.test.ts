import assert from "node:assert/strict";
import { RUNTIME_NAMES, RUNTIMES, runtimeCommand, runtimeProgram } from "../../sandbox/build/runtimes.ts";
import { pathInBox } from "../../sandbox/build/tools.ts";
import { fingerprint } from "../../sandbox/cluster/record.ts";

describe("the nodes' container runtime", () => {
  it("is containerd 2, unless another is asked for", () => assert.equal(RUNTIME_NAMES[0], "containerd-2"));

  it("finds its shim and its own runc before the machine's, where it is compiled", () => {
    const command = runtimeCommand("containerd-2", "/etc/containerd.toml");
    const [env, path = "", program] = command;
    assert.equal(env, "env");
    assert.deepEqual(path.replace("PATH=", "").split(":").slice(0, 2), [pathInBox("containerd"), pathInBox("runc")]);
    assert.equal(program, pathInBox("containerd", "containerd"));
    assert.ok(command.includes("--config=/etc/containerd.toml"));
  });

  it("is a program on PATH where the distribution has it, with its packages", () => {
    assert.equal(runtimeCommand("containerd-1.6", "/c")[0], "containerd");
    assert.equal(runtimeProgram("containerd-1.6", "ctr"), "ctr");
    assert.deepEqual(Object.keys(RUNTIMES["containerd-1.6"].packages), ["containerd", "runc"]);
  });

  it("makes another sandbox", () => {
    const images = { producer: "p", consumer: "c", pause: "s", archives: [] };
    assert.equal(new Set(RUNTIME_NAMES.map((runtime) => fingerprint(images, runtime))).size, RUNTIME_NAMES.length);
  });
});
