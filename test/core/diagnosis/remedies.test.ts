import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import type { NodeWords } from "../../../core/diagnosis/remedies/remedy.ts";
import { RECIPES, sharedRoot } from "../../../core/diagnosis/remedies/sharedRoot.ts";
import { judge } from "../../../core/diagnosis/verdict.ts";
import { evidence, waiting } from "../evidence/evidence.ts";

const SILENT: NodeWords = { osImage: "", kernel: "", kubelet: "", providerId: "", labels: [], kubeletRoot: "" };
const SERVER = "node-role.kubernetes.io/control-plane=true";
const DEBIAN = "Debian GNU/Linux 13 (trixie)";

/** What a node says of itself, which remedy it gets, and the file that makes it last. */
const NODES: readonly (readonly [string, Partial<NodeWords>, string, string | undefined])[] = [
  ["Docker Desktop", { osImage: "Docker Desktop", kubelet: "v1.34.1" }, "docker-desktop", undefined],
  [
    "kind in Docker Desktop",
    { kernel: "6.10.14-linuxkit", providerId: "kind://docker/k/n" },
    "docker-desktop",
    undefined,
  ],
  ["Talos", { osImage: "Talos (v1.12.4)", kubelet: "v1.35.2" }, "talos", "shared-bridge.yaml"],
  ["k3d", { osImage: "K3s v1.34.4+k3s1", kubelet: "v1.34.4+k3s1" }, "k3d", undefined],
  ["kind", { osImage: DEBIAN, kubelet: "v1.34.0", providerId: "kind://docker/k/n" }, "kind", undefined],
  ["WSL", { kernel: "5.15.167.4-microsoft-standard-WSL2", kubelet: "v1.34.4+k3s1" }, "wsl", "/etc/wsl.conf"],
  ["Alpine", { osImage: "Alpine Linux v3.22", kubelet: "v1.34.4+k3s1" }, "openrc", "/etc/init.d/shared-root"],
  ["Proxmox", { kernel: "6.8.12-9-pve", osImage: DEBIAN, kubelet: "v1.34.4+k3s1" }, "lxc", unit("k3s-agent")],
  ["k3s server", { osImage: DEBIAN, kubelet: "v1.34.4+k3s1", labels: [SERVER] }, "k3s", unit("k3s")],
  ["k3s agent", { osImage: DEBIAN, kubelet: "v1.34.4+k3s1" }, "k3s", unit("k3s-agent")],
  ["RKE2 server", { kubelet: "v1.34.4+rke2r1", labels: [SERVER] }, "rke2", unit("rke2-server")],
  ["k0s worker", { kubelet: "v1.34.4+k0s" }, "k0s", unit("k0sworker")],
  ["k0s by its root", { kubelet: "v1.34.4", kubeletRoot: "/var/lib/k0s/kubelet" }, "k0s", unit("k0sworker")],
  [
    "MicroK8s",
    { kubelet: "v1.34.4", labels: ["microk8s.io/cluster=true"] },
    "microk8s",
    unit("snap.microk8s.daemon-containerd"),
  ],
  [
    "MicroK8s by its root",
    { kubelet: "v1.34.4", kubeletRoot: "/var/snap/microk8s/common/var/lib/kubelet" },
    "microk8s",
    unit("snap.microk8s.daemon-containerd"),
  ],
  ["kubeadm", { osImage: "Ubuntu 24.04.3 LTS", kubelet: "v1.34.4" }, "kubelet", unit("kubelet")],
  ["a node that may not be read", {}, "unknown", undefined],
];

function unit(name: string): string {
  return `/etc/systemd/system/${name}.service.d/10-shared-mount.conf`;
}

describe("the remedy for a private root mount", () => {
  for (const [name, words, id, path] of NODES)
    it(`of ${name} is ${id}`, () => {
      const found = sharedRoot("/", { ...SILENT, ...words });
      assert.equal(found?.id, id);
      assert.equal(found?.files[0]?.path, path);
      assert.equal(found?.tried, false);
    });

  it("helps at once wherever a command can, and says why where none can", () => {
    for (const [name, words] of NODES) {
      const { id, now, files, remarks } = sharedRoot("/", { ...SILENT, ...words }) ?? assert.fail(name);
      if (now.length > 0) assert.match(now[0] ?? "", /^(docker exec NODE )?mount --make-rshared \/$/);
      else assert.ok(id === "docker-desktop" || (id === "talos" && files.length > 0), name);
      assert.ok(id === "unknown" || remarks.length > 0, name);
    }
  });

  it("has every recipe met by a node of this test, and its source", () => {
    const met = NODES.map(([, , id]) => id);
    for (const { id, sources } of RECIPES) {
      assert.ok(met.includes(id), id);
      assert.ok(sources.length > 0, id);
    }
  });

  it("is for the mount that is private, where that is another one", () => {
    const { now, files } = sharedRoot("/mnt/media", { ...SILENT, kubelet: "v1.34.4+k3s1" }) ?? assert.fail();
    assert.deepEqual(now, ["mount --make-rshared /mnt/media"]);
    assert.equal(
      files[0]?.text,
      "[Unit]\nRequiresMountsFor=/mnt/media\n\n[Service]\nExecStartPre=/bin/mount --make-rshared /mnt/media",
    );
  });

  it("is not given where a pod's spec has put more than a path into the words", () => {
    for (const mount of ["/mnt/a; reboot", "/mnt/$(id)", "/mnt/a b", "mnt"])
      assert.equal(sharedRoot(mount, { ...SILENT, kubelet: "v1" }), undefined, mount);
  });

  it("of OpenRC is a script that a shell can read", () => {
    const { files } = sharedRoot("/", { ...SILENT, osImage: "Alpine Linux v3.22" }) ?? assert.fail();
    const { status, stderr } = spawnSync("busybox", ["ash", "-n"], { input: files[0]?.text, encoding: "utf8" });
    assert.deepEqual([status, stderr, files[0]?.executable], [0, "", true]);
  });
});

describe("a verdict's remedy", () => {
  const refused = (mount: string) => {
    const words = `path "/mnt/x" is mounted on "${mount}" but it is not a shared mount`;
    return judge(evidence({ pods: [waiting("producer", "fuse-producer", "CreateContainerError", words)] }));
  };

  it("is of the mount that the runtime's words name", () => {
    assert.deepEqual(refused("/")?.remedy?.now, ["mount --make-rshared /"]);
    assert.deepEqual(refused("/mnt")?.remedy?.now, ["mount --make-rshared /mnt"]);
    assert.equal(refused("/mnt/$(id)")?.remedy, undefined);
    assert.equal(refused("/")?.fixTried, false);
  });

  it("is none where there is nothing to copy", () => {
    assert.equal(judge(evidence({ pods: [], final: true }))?.remedy, undefined);
  });
});
