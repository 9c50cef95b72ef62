import assert from "node:assert/strict";
import { imageTag } from "../../sandbox/build/images.ts";
import { parseLibraries } from "../../sandbox/build/rootfs.ts";
import { newEnough } from "../../sandbox/build/toolchain.ts";
import { buildKey } from "../../sandbox/build/tools.ts";

describe("names of what is cached", () => {
  it("a build is named by its module, its hashes, its flags and the processor", () => {
    const key = buildKey("module a", "sums", ["-trimpath"], "x64");
    assert.match(key, /^[0-9a-f]{12}$/);
    assert.equal(key, buildKey("module a", "sums", ["-trimpath"], "x64"));
    const others = [
      buildKey("module b", "sums", ["-trimpath"], "x64"),
      buildKey("module a", "other", ["-trimpath"], "x64"),
      buildKey("module a", "sums", [], "x64"),
      buildKey("module a", "sums", ["-trimpath"], "arm64"),
    ];
    assert.equal(new Set([key, ...others]).size, 5);
  });

  it("an image is named by the packages in it and its recipe, not by others", () => {
    const versions = new Map([
      ["rclone", "1.60"],
      ["containerd", "1.6"],
    ]);
    const tag = imageTag(versions, "recipe");
    assert.notEqual(tag, imageTag(new Map([["rclone", "1.61"]]), "recipe"));
    assert.notEqual(tag, imageTag(versions, "other"));
    assert.equal(tag, imageTag(new Map([...versions, ["containerd", "1.7"]]), "recipe"));
    assert.notEqual(tag, "latest");
  });
});

describe("shared libraries, from ldd", () => {
  it("are the found ones and the loader, not the kernel's", () => {
    const text = [
      "\tlinux-vdso.so.1 (0x00007ffd)",
      "\tlibfuse3.so.3 => /lib/x86_64-linux-gnu/libfuse3.so.3 (0x00007f01)",
      "\t/lib64/ld-linux-x86-64.so.2 (0x00007f02)",
    ];
    assert.deepEqual(parseLibraries(text.join("\n")), [
      "/lib/x86_64-linux-gnu/libfuse3.so.3",
      "/lib64/ld-linux-x86-64.so.2",
    ]);
  });

  it("are none of a static program", () => {
    assert.deepEqual(parseLibraries("\tstatically linked\n"), []);
  });
});

describe("the machine's Go", () => {
  for (const version of ["go1.26.6", "go1.26.8", "go1.27", "go2.0"]) {
    it(`${version} is used`, () => assert.equal(newEnough(version), true));
  }
  for (const version of ["go1.19.8", "go1.25.10", "go1.26", "go1.26.5", "devel"]) {
    it(`${version} is too old`, () => assert.equal(newEnough(version), false));
  }
});
