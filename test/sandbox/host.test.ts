import assert from "node:assert/strict";
import { clusterPackages, parseVersions, withSubstitutes } from "../../sandbox/host/packages.ts";
import { type Host, requireMachine, shortcomings } from "../../sandbox/host/requirements.ts";
import { SandboxError } from "../../sandbox/problem.ts";

const fit: Host = { platform: "linux", arch: "x64", uid: 0, has: () => true };

describe("what the machine must be", () => {
  it("a root shell on a Debian-like Linux with FUSE will do", () => {
    assert.deepEqual(shortcomings(fit), []);
  });

  it("names everything that is missing at once, and the way without a sandbox", () => {
    const unfit = { ...fit, uid: 1000, has: () => false };
    assert.equal(shortcomings(unfit).length, 4);
    assert.throws(
      () => requireMachine(unfit),
      (error: unknown) =>
        error instanceof SandboxError && /root/.test(error.message) && /npm start -- --context/.test(error.remedy),
    );
  });

  it("says only that it is not Linux where it is not", () => {
    assert.deepEqual(shortcomings({ ...fit, platform: "darwin", has: () => false }), [
      "it needs Linux, and this is darwin",
    ]);
  });
});

describe("Debian packages", () => {
  it("only installed ones count: a removed package still has a version", () => {
    const text = "rclone installed 1.60.1\nbuildah config-files 1.28\nfuse3 not-installed \n";
    assert.deepEqual([...parseVersions(text)], [["rclone", "1.60.1"]]);
  });

  it("Docker's own runtime serves too: ours would remove it", () => {
    const versions = withSubstitutes(
      new Map([
        ["containerd.io", "2.1"],
        ["busybox-static", "1.35"],
      ]),
    );
    assert.equal(versions.get("containerd"), "2.1 of containerd.io");
    assert.equal(versions.get("runc"), "2.1 of containerd.io");
    assert.equal(versions.get("busybox-static"), "1.35");
  });

  it("the runtime, the image tool and every FUSE driver are asked for", () => {
    for (const name of ["buildah", "rclone", "fuse3", "squashfuse", "squashfs-tools", "bindfs", "busybox-static"]) {
      assert.ok(name in clusterPackages, name);
    }
  });
});
