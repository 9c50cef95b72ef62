import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { source } from "../../base/paths.ts";
import { start } from "../../cli/start/start.ts";
import { KUBERNETES, KUBERNETES_VERSIONS } from "../../sandbox/build/kubernetes.ts";
import { MACHINE_NAMES } from "../../sandbox/build/machines.ts";
import { RUNTIME_NAMES } from "../../sandbox/build/runtimes.ts";
import { fingerprint } from "../../sandbox/cluster/record.ts";
import { choosePlatform, familiesOf, type Platform, requirePossible } from "../../sandbox/platform.ts";

describe("what the sandbox is made of", () => {
  it("is containerd 2 and Kubernetes 1.34, unless another is asked for", () =>
    assert.deepEqual(choosePlatform(undefined, {}), { runtime: "containerd-2", kubernetes: "1.34", machine: "box" }));

  it("is what is asked for, and for the rest what the sandbox that runs is made of", () => {
    const running: Platform = { runtime: "containerd-1.6", kubernetes: "1.34", machine: "box" };
    assert.deepEqual(choosePlatform({}, running), running);
    assert.deepEqual(choosePlatform({ runtime: "containerd-2" }, running), { ...running, runtime: "containerd-2" });
  });

  it("passes over what another version of this project had", () => {
    const running = { runtime: "containerd-2", kubernetes: "1.20" } as unknown as Platform;
    assert.deepEqual(choosePlatform({}, running), { runtime: "containerd-2", kubernetes: "1.34", machine: "box" });
  });

  it("is not taken for another", () => {
    const images = { producer: "p", consumer: "c", pause: "s", archives: [] };
    const platforms = RUNTIME_NAMES.flatMap((runtime) =>
      KUBERNETES_VERSIONS.flatMap((kubernetes) => MACHINE_NAMES.map((machine) => ({ runtime, kubernetes, machine }))),
    ).filter(({ runtime, machine }) => !(runtime === "crun" && machine === "box"));
    assert.equal(new Set(platforms.map((platform) => fingerprint(images, platform))).size, platforms.length);
  });

  it("has crun in a virtual machine only", () => {
    assert.throws(() => requirePossible(choosePlatform({ runtime: "crun" })), /virtual machine/);
    requirePossible(choosePlatform({ runtime: "crun", machine: "vm" }));
    requirePossible(choosePlatform());
  });

  it("compiles one Kubernetes", () => {
    for (const kubernetes of KUBERNETES_VERSIONS) {
      const families = familiesOf({ ...choosePlatform(), kubernetes });
      assert.equal(families.filter((family) => family.startsWith("kubernetes")).length, 1);
    }
  });

  for (const version of KUBERNETES_VERSIONS)
    it(`pins one release of Kubernetes ${version}, all its modules alike`, () => {
      const text = readFileSync(join(source, "tools", KUBERNETES[version].family, "go.mod"), "utf8");
      const [, patch] = new RegExp(`k8s\\.io/kubernetes v${version}\\.(\\d+) `).exec(text) ?? [];
      const replaced = [...text.matchAll(/^\t(\S+) => (\S+) v(\S+)$/gm)].map(([, from, to, at]) => [from === to, at]);
      assert.ok(replaced.length > 25);
      for (const one of replaced) assert.deepEqual(one, [true, `${version.replace("1.", "0.")}.${patch}`]);
    });

  for (const [options, said] of [
    [{ sandboxRuntime: "containerd-1.6" }, "--sandbox-runtime containerd-1.6"],
    [{ sandboxKubernetes: "1.34" }, "--sandbox-kubernetes 1.34"],
    [{ sandboxMachine: "vm" }, "--sandbox-machine vm"],
  ] as const)
    it(`${said} is refused where the test runs on a cluster`, () =>
      assert.rejects(
        start({ stack: "homelab", context: "c", ...options }, new AbortController().signal, []),
        (error: Error) => error.message.startsWith(said),
      ));
});
