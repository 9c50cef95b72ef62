import assert from "node:assert/strict";
import { MACHINE_NAMES, MACHINES, type Machine, machinePaths } from "../../sandbox/build/machines.ts";
import { machineCommand, machineFiles } from "../../sandbox/cluster/machine.ts";
import { type NodeSpec, nodeFiles, nodeSpecs } from "../../sandbox/cluster/nodeConfig.ts";
import { choosePlatform, suiteOf } from "../../sandbox/platform.ts";

const images = { producer: "p", consumer: "c", pause: "pause:1", archives: ["a.tar", "b.tar"] };
const suites = Object.values<Machine>(MACHINES).flatMap(({ suite }) => suite ?? []);

describe("a node that is a virtual machine", () => {
  const spec = nodeSpecs.find(({ name }) => name === "k3s-w2") as NodeSpec;
  const platform = choosePlatform({ machine: "vm", runtime: "containerd-1.6" });
  const files = machineFiles(spec, platform, images);

  it("is k3s-w2, where one is asked for", () => {
    assert.equal(suiteOf(choosePlatform(), "k3s-w2"), undefined);
    assert.equal(suiteOf(platform, "k3s-w2"), "bookworm");
    assert.equal(suiteOf(platform, "k3s-w1"), undefined);
    assert.equal(MACHINE_NAMES[0], "box");
  });

  it("is built of one Debian or another, each for itself", () => {
    const roots = suites.map((suite) => machinePaths(suite).root);
    assert.equal(new Set(roots).size, 2);
    for (const root of roots) assert.match(root, /^\/opt\/tools\/machine-[a-z]+-[0-9a-f]{12}\/root\.ext4$/);
  });

  it("is emulated, and what it writes is gone with its box", () => {
    for (const suite of suites) {
      const command = machineCommand(suite);
      const words = command.join(" ");
      assert.match(words, / -accel tcg,/);
      assert.doesNotMatch(words, /kvm/);
      const drives = command.filter((word) => word.startsWith("file="));
      assert.match(drives[0] ?? "", new RegExp(`^file=${machinePaths(suite).root},.*snapshot=on$`));
      assert.match(drives[1] ?? "", /readonly=on$/);
      assert.equal(drives.length, 2);
    }
  });

  it("has AppArmor in force, and control groups of version 2 that systemd keeps", () => {
    const [kernel = ""] = machineCommand("bookworm").filter((word) => word.includes("root=/dev/vda"));
    assert.match(kernel, /\bapparmor=1 security=apparmor\b/);
    assert.match(files["begin.sh"] ?? "", /^apparmor_parser --replace /m);
    assert.match(files["containerd.toml"] ?? "", /SystemdCgroup = true/);
    assert.doesNotMatch(files["containerd.toml"] ?? "", /disable_apparmor|SystemdCgroup = false|restrict_oom/);
    const kubelet = JSON.parse(files["kubelet.json"] ?? "");
    assert.equal(kubelet.cgroupDriver, "systemd");
    for (const key of ["cgroupRoot", "failCgroupV1", "failSwapOn", "localStorageCapacityIsolation"])
      assert.equal(kubelet[key], undefined, key);
  });

  it("differs in nothing else from a box", () => {
    const box = nodeFiles(spec, images.pause);
    const only = [
      "cgroupDriver",
      "cgroupRoot",
      "failCgroupV1",
      "failSwapOn",
      "oomScoreAdj",
      "localStorageCapacityIsolation",
    ];
    const [own, inBox] = [files, box].map((of) =>
      Object.entries(JSON.parse(of["kubelet.json"] ?? "")).filter(([key]) => !only.includes(key)),
    );
    assert.deepEqual(own, inBox);
    assert.equal(files["10-pods.conflist"], box["10-pods.conflist"]);
  });

  it("starts its daemons as services, with the images before the kubelet", () => {
    const { "containerd.service": containerd = "", "kubelet.service": kubelet = "" } = files;
    assert.match(containerd, /^ExecStart=containerd --config=\/etc\/sandbox\/containerd\.toml /m);
    assert.match(containerd, /^Type=notify$/m);
    assert.deepEqual(
      [...containerd.matchAll(/^ExecStartPost=.* (\S+)$/gm)].map(([, archive]) => archive),
      ["/opt/images/a.tar", "/opt/images/b.tar"],
    );
    assert.match(kubelet, /^ExecStart=\/opt\/tools\/kubernetes-[0-9a-f]+\/kubelet .*--hostname-override=k3s-w2 /m);
    assert.match(kubelet, /^After=containerd\.service$/m);
    for (const unit of [containerd, kubelet]) assert.match(unit, /^TimeoutStartSec=infinity$/m);
  });

  it("starts its containers with what is asked for", () => {
    const starter = (runtime: "containerd-2" | "crun") =>
      /BinaryName = "(\w+)"/.exec(machineFiles(spec, { ...platform, runtime }, images)["containerd.toml"] ?? "")?.[1];
    assert.equal(starter("containerd-2"), "runc");
    assert.equal(starter("crun"), "crun");
    assert.doesNotMatch(nodeFiles(spec, images.pause)["containerd.toml"] ?? "", /BinaryName = "(crun|runc)"/);
  });
});
