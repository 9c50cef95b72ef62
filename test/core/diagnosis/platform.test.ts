import assert from "node:assert/strict";
import { daemonLine, platformLine, platformOf, testedDaemon } from "../../../core/diagnosis/platform.ts";
import { judge } from "../../../core/diagnosis/verdict.ts";
import { nodeFact } from "../../../core/evidence/facts.ts";
import { evidence, record, waiting } from "../evidence/evidence.ts";

const NODE = {
  metadata: { labels: { "node-role.kubernetes.io/control-plane": "true", "example.org/owner": "anna" } },
  spec: { providerID: "k3s://w2" },
  status: {
    nodeInfo: {
      architecture: "amd64",
      bootID: "b",
      containerRuntimeVersion: "containerd://2.1.4-k3s1",
      kernelVersion: "6.12.9",
      kubeProxyVersion: "",
      kubeletVersion: "v1.34.4+k3s1",
      machineID: "m",
      operatingSystem: "linux",
      osImage: "Debian GNU/Linux 13 (trixie)",
      systemUUID: "s",
    },
  },
};
const seen = {
  kernel: "6.12.9",
  machine: "x86_64",
  cgroups: "cgroup2fs",
  security: "none",
  fuse_features: "fuseblk fuse fusectl max_user_bgreq=47",
  kubelet_root: "/var/lib/kubelet",
};

describe("the platform of a verdict", () => {
  it("is what the node says of itself and what the producer saw", () => {
    const found = platformOf(
      evidence({
        nodeFact: nodeFact(NODE),
        records: [
          record("control", "platform", "info", { ...seen, security: "apparmor" }),
          record("producer", "platform", "info", seen),
          record("producer", "identity", "info", { label: "unconfined\n" }),
        ],
      }),
    );
    assert.deepEqual(found, {
      kernel: "6.12.9",
      architecture: "amd64",
      osImage: "Debian GNU/Linux 13 (trixie)",
      kubelet: "v1.34.4+k3s1",
      kubeletRoot: "/var/lib/kubelet",
      runtime: "containerd",
      runtimeVersion: "2.1.4-k3s1",
      cgroups: "v2",
      security: "none",
      label: "unconfined",
      fuse: ["fuseblk", "fuse", "fusectl", "max_user_bgreq=47"],
    });
    assert.equal(
      platformLine(found),
      "Debian GNU/Linux 13 (trixie), Linux 6.12.9 amd64, kubelet v1.34.4+k3s1, containerd 2.1.4-k3s1, control groups v2, no security module",
    );
  });

  it("is the control's word where every other container was refused", () => {
    const { cgroups, kubeletRoot, ...rest } = platformOf(
      evidence({
        nodeFact: "unreadable",
        records: [
          record("control", "platform", "info", { ...seen, cgroups: "tmpfs", kubelet_root: "/var/lib/k0s/kubelet" }),
        ],
      }),
    );
    assert.deepEqual([cgroups, kubeletRoot], ["v1", "/var/lib/k0s/kubelet"]);
    assert.deepEqual([rest.osImage, rest.kubelet, rest.runtime, rest.label], Array(4).fill("unknown"));
  });

  it("is unknown where neither has said anything", () => {
    const { fuse, ...rest } = platformOf(evidence({ nodeFact: "unreadable" }));
    assert.deepEqual([...new Set(Object.values(rest))], ["unknown"]);
    assert.deepEqual(fuse, []);
    assert.match(platformLine({ ...rest, fuse }), /^unknown: nodes may not be read/);
  });

  it("is in every verdict", () => {
    const words = 'path "/x" is mounted on "/" but it is not a shared mount';
    const pods = [waiting("producer", "fuse-producer", "CreateContainerError", words)];
    assert.equal(judge(evidence({ pods, nodeFact: nodeFact(NODE) }))?.platform.kubelet, "v1.34.4+k3s1");
    assert.equal(judge(evidence({ pods: [], final: true }))?.platform.osImage, "unknown");
  });
});

describe("what is kept of a node's object", () => {
  it("are the labels by which a distribution is known, and none of its owner's", () => {
    const { system } = nodeFact(NODE);
    assert.deepEqual(system?.labels, ["node-role.kubernetes.io/control-plane=true"]);
    assert.equal(system?.providerId, "k3s://w2");
  });

  it("is nothing of its system where it says nothing of it", () => {
    assert.equal(nodeFact(undefined).system, undefined);
    assert.equal(nodeFact({ spec: {} }).system, undefined);
  });

  it("comes with the daemon that was mounted: its driver as the producer tells it, its image as its pod has it", () => {
    const pod = {
      name: "fuse-producer",
      component: "producer" as const,
      phase: "Running",
      containers: [],
      spec: { containers: [{ name: "fuse-producer", role: "producer" as const, image: "x:1", privileged: true }] },
    };
    const daemon = record("producer", "daemon", "info", { driver: "bindfs" });
    assert.deepEqual(testedDaemon(evidence({ pods: [pod], records: [daemon] })), { driver: "bindfs", image: "x:1" });
    assert.deepEqual(testedDaemon(evidence({})), { driver: "unknown", image: "unknown" });
    assert.equal(daemonLine({ driver: "bindfs", image: "x:1" }), "bindfs, of the image x:1");
    assert.equal(daemonLine({ driver: "unknown", image: "x:1" }), "x:1");
    assert.equal(daemonLine({ driver: "unknown", image: "unknown" }), "unknown");
  });
});
