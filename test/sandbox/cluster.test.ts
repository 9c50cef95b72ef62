import assert from "node:assert/strict";
import { KUBERNETES_VERSIONS, toolPaths } from "../../sandbox/build/kubernetes.ts";
import { controlPlaneCommands } from "../../sandbox/cluster/controlPlane.ts";
import { nodeFiles, nodeSpecs } from "../../sandbox/cluster/nodeConfig.ts";
import { renderKubeconfig, type Secrets } from "../../sandbox/cluster/pki.ts";
import { instance } from "../../sandbox/instance.ts";

const kubeletOf = (name: string) => {
  const spec = nodeSpecs.find((candidate) => candidate.name === name);
  assert.ok(spec);
  return JSON.parse(nodeFiles(spec, "pause:1")["kubelet.json"] ?? "");
};

describe("the sandbox's cluster", () => {
  it("has the storage node with its taint and a shared root, and one with a private root", () => {
    const facts = nodeSpecs.map(({ name, propagation, taints }) => [name, propagation, taints.map(({ key }) => key)]);
    assert.deepEqual(facts, [
      ["k3s-w2", "shared", ["node.longhorn.io/storage"]],
      ["k3s-w1", "private", []],
    ]);
    assert.deepEqual(kubeletOf("k3s-w2").registerWithTaints, [
      { key: "node.longhorn.io/storage", value: "enabled", effect: "NoSchedule" },
    ]);
  });

  it("gives each kubelet a control group root of its own: with one root they kill each other's pods", () => {
    assert.notEqual(kubeletOf("k3s-w1").cgroupRoot, kubeletOf("k3s-w2").cgroupRoot);
  });

  it("listens on loopback and the sandbox's own network only", () => {
    const bound = Object.values(controlPlaneCommands(toolPaths(KUBERNETES_VERSIONS[0])))
      .flat()
      .filter((option) => option.includes("bind-address"));
    assert.deepEqual([...new Set(bound)].sort(), ["--bind-address=127.0.0.1", `--bind-address=${instance.network}.2`]);
    for (const { name } of nodeSpecs) assert.ok(kubeletOf(name).address.startsWith(`${instance.network}.`));
  });

  it("keeps PodSecurity admission on", () => {
    const { apiserver } = controlPlaneCommands(toolPaths(KUBERNETES_VERSIONS[0]));
    assert.ok(!apiserver.some((option) => option.startsWith("--disable-admission-plugins")));
  });

  it("writes a kubeconfig that trusts the sandbox's authority alone", () => {
    const client = { token: "t", user: "u", groups: [] };
    const clients = { admin: client, controllers: client, scheduler: client, "k3s-w1": client, "k3s-w2": client };
    const secrets: Secrets = { authority: "PEM", clients };
    const config = JSON.parse(renderKubeconfig(secrets, "admin", "fuse-test-sandbox"));
    assert.equal(config["current-context"], "fuse-test-sandbox");
    assert.equal(Buffer.from(config.clusters[0].cluster["certificate-authority-data"], "base64").toString(), "PEM");
    assert.ok(!("insecure-skip-tls-verify" in config.clusters[0].cluster));
  });
});
