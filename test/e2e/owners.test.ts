import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { cli, command, kubectl, leaveSandbox, type SandboxDocument, sandbox, start, succeeded } from "./sandbox.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/** Somebody else's, and another run's of this test. */
const NAMESPACES = [
  {
    name: "media",
    labels: { team: "tv" },
    refusal: /the namespace media is there already, and was not made by this test/,
  },
  {
    name: "fuse-bob",
    labels: { "app.kubernetes.io/name": "fuse-propagation-test" },
    annotations: { "fuse-propagation-test/owner": "bob@desk/homelab" },
    refusal: /the namespace fuse-bob belongs to the run of bob@desk\/homelab/,
  },
];

describe("a namespace that is not this run's", () => {
  let cluster: SandboxDocument;
  let folder: string;
  before(async () => {
    cluster = await sandbox();
    folder = mkdtempSync(join(tmpdir(), "owners-"));
    copyFileSync(join(ROOT, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await leaveSandbox();
  });

  const found = async (name: string) => {
    const { stdout } = succeeded(await kubectl(cluster, ["get", "namespace", name, "-o", "json"]));
    const { metadata, status } = JSON.parse(stdout);
    return { uid: metadata.uid, version: metadata.resourceVersion, labels: metadata.labels, phase: status.phase };
  };

  for (const { name, refusal, ...metadata } of NAMESPACES)
    it(`is left as it is by npm start, npm run sweep, pulumi up and pulumi destroy: ${name}`, async () => {
      const object = { apiVersion: "v1", kind: "Namespace", metadata: { name, ...metadata } };
      succeeded(await kubectl(cluster, ["create", "-f", "-"], JSON.stringify(object)));
      const before = await found(name);

      const target = ["--kubeconfig", cluster.kubeconfig, "--node", "k3s-w2", "--set", `namespace=${name}`];
      for (const refused of [await start(target), await cli("sweep", target)]) {
        assert.equal(refused.code, 2, refused.stderr);
        assert.match(refused.stderr, refusal);
      }

      const file = join(folder, `Pulumi.${name}.yaml`);
      const settings = { nodes: ["k3s-w2"], namespace: name, kubeconfig: cluster.kubeconfig };
      const config = Object.entries(settings).map(([key, value]) => [`fuse-propagation-test:${key}`, value]);
      writeFileSync(file, stringify({ config: Object.fromEntries(config) }));
      const pulumi = (...args: string[]) =>
        command(join(cluster.binaries, "pulumi"), [...args, "--stack", name, "--non-interactive"], {
          env: {
            ...cluster.env,
            PULUMI_BACKEND_URL: `file://${folder}`,
            PULUMI_CONFIG_PASSPHRASE: "",
            // What would take it over without a word.
            PULUMI_K8S_UPSERT_EXISTING_OBJECTS: "true",
          },
        });
      succeeded(await pulumi("stack", "init", "--cwd", folder));
      const up = await pulumi("up", "--yes", "--skip-preview", "--config-file", file);
      assert.notEqual(up.code, 0, up.stdout);
      assert.match(up.stdout, /is there already|already exists/);
      succeeded(await pulumi("destroy", "--yes", "--skip-preview", "--config-file", file));
      assert.deepEqual(await found(name), before);
    });
});
