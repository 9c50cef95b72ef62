import assert from "node:assert/strict";
import { mountingOf } from "../../../core/layout/fuse.ts";
import { workloadsOf } from "../../../core/layout/workload.ts";

/** A pod whose container has these fields, and volumes at /mnt/media and /cache. */
function mounting(fields: Readonly<Record<string, unknown>>) {
  const volumeMounts = ["/mnt/media", "/cache"].map((mountPath, index) => ({ name: `v${index}`, mountPath }));
  const container = { name: "c", image: "example.org/app:1", ...fields, volumeMounts };
  const [workload] = workloadsOf([
    { file: "f", object: { kind: "Pod", metadata: { name: "p" }, spec: { containers: [container] } } },
  ]);
  assert.ok(workload?.containers[0]);
  return mountingOf(workload.containers[0]);
}

describe("a FUSE daemon's command", () => {
  const cases: readonly [what: string, fields: Readonly<Record<string, unknown>>, point: string | undefined][] = [
    [
      "an entry point of the image",
      { image: "rclone/rclone:1.68@sha256:0", args: ["mount", "r:", "/mnt/media/r"] },
      "/mnt/media/r",
    ],
    [
      "a command with options in front",
      { command: ["rclone", "--config", "/cache/rclone.conf", "mount", "r:", "/mnt/media/r"] },
      "/mnt/media/r",
    ],
    [
      "an option's path after the mount point",
      { command: ["rclone", "mount", "r:", "/mnt/media/r", "--cache-dir", "/cache"] },
      "/mnt/media/r",
    ],
    [
      "a switch in front of the mount point",
      { command: ["rclone", "mount", "r:", "--allow-other", "/mnt/media/r"] },
      "/mnt/media/r",
    ],
    [
      "two paths",
      { command: ["mergerfs", "-o", "cache.files=off", "/cache:/srv", "/mnt/media/all/"] },
      "/mnt/media/all",
    ],
    [
      "a script",
      { command: ["sh", "-c", "apk add sshfs fuse\nmkdir -p /mnt/media/s\nexec sshfs -f u@h:/d /mnt/media/s"] },
      "/mnt/media/s",
    ],
    [
      "a script with a line that goes on",
      { args: ["rclone mount r: \\\n  /mnt/media/r \\\n  --vfs-cache-mode full"] },
      "/mnt/media/r",
    ],
    [
      "a variable",
      { command: ["sh", "-c", 'juicefs mount "$META" $AT'], env: [{ name: "AT", value: "/mnt/media/j" }] },
      "/mnt/media/j",
    ],
    [
      "a variable of Kubernetes",
      { command: ["mount-s3", "bucket", "$(AT)"], env: [{ name: "AT", value: "/mnt/media/b" }] },
      "/mnt/media/b",
    ],
    ["a mount point in no volume", { command: ["s3fs", "bucket", "/elsewhere"] }, undefined],
  ];
  for (const [what, fields, point] of cases)
    it(`mounts: ${what}`, () => {
      const found = mounting(fields);
      assert.deepEqual([found?.by, found?.point], ["command", point]);
    });

  it("is known by its image, where nothing in the manifest says it", () => {
    for (const image of ["cy01/blackhole:v1", "ghcr.io/sirrobot01/decypharr", "juicedata/juicefs-fuse:1.2@sha256:0"])
      assert.deepEqual(mounting({ image }), { by: "image" }, image);
  });

  for (const [what, fields] of [
    ["a server", { command: ["rclone", "serve", "webdav", "r:"] }],
    ["an installation", { command: ["sh", "-c", "apt-get install -y sshfs rclone mergerfs"] }],
    ["a look for one", { command: ["sh", "-c", "command -v mergerfs; pgrep rclone mount"] }],
    ["an image that can do more than mount", { image: "rclone/rclone:1.68" }],
    ["a name alike", { image: "example.org/not-decypharr-at-all:1", command: ["rclone-exporter", "mount"] }],
  ] as const)
    it(`is none: ${what}`, () => assert.equal(mounting(fields), undefined));
});
