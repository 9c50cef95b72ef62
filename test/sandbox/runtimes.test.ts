import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RUNTIME_NAMES, RUNTIMES, runtimeCommand, runtimeProgram } from "../../sandbox/build/runtimes.ts";
import { pathInBox } from "../../sandbox/build/tools.ts";
import { DROPPING_PROGRAM, DROPS_PROPAGATION, nodeFiles, nodeSpecs } from "../../sandbox/cluster/nodeConfig.ts";

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
});

describe("the runtime handler that drops mount propagation", () => {
  const program = join(import.meta.dirname, "..", "..", "sandbox", "cluster", DROPPING_PROGRAM);
  const folder = mkdtempSync(join(tmpdir(), "drops-"));
  const config = join(folder, "config.json");
  const called = (...args: string[]): string =>
    execFileSync("sh", [program, ...args], { encoding: "utf8", env: { PATH: `${folder}:${process.env.PATH}` } });

  before(() => writeFileSync(join(folder, "runc"), '#!/bin/sh\nprintf "%s|" "$@"\n', { mode: 0o755 }));
  after(() => rmSync(folder, { recursive: true }));

  it("is none of the default's, and each node has its program", () => {
    for (const spec of nodeSpecs) {
      const files = nodeFiles(spec, "pause:1");
      assert.match(files["containerd.toml"] ?? "", new RegExp(`runtimes\\.${DROPS_PROPAGATION}\\]`));
      assert.doesNotMatch(files["containerd.toml"] ?? "", /default_runtime_name/);
      assert.equal(files[DROPPING_PROGRAM], readFileSync(program, "utf8"));
    }
  });

  it("makes every mount private that is to be shared or a slave, and leaves all else as it is", () => {
    const spec = (...kinds: string[]) => ({
      process: { args: ["sh", "-c", 'echo "options":["rshared"]', "rshared"], env: ["MODE=rslave"] },
      mounts: kinds.map((kind) => ({
        destination: "/bridge",
        type: "bind",
        source: "/tmp/rshared",
        options: ["rbind", kind, "ro"],
      })),
      linux: { rootfsPropagation: "rshared" },
    });
    writeFileSync(config, JSON.stringify(spec("rshared", "shared", "rslave", "slave", "rprivate", "nosuid")));
    assert.equal(
      called("--root", "/run", "create", "--bundle", folder, "--pid-file", "a b", "id"),
      `--root|/run|create|--bundle|${folder}|--pid-file|a b|id|`,
    );
    const rprivate = Array.from({ length: 5 }, () => "rprivate");
    assert.deepEqual(JSON.parse(readFileSync(config, "utf8")), spec(...rprivate, "nosuid"));
  });

  it("passes on what makes no container", () => {
    assert.equal(called("--root", "/run", "kill", "id", "9"), "--root|/run|kill|id|9|");
  });
});
