/** The programs of examples/: what each registers and outputs, and that Pulumi's runner starts them as they stand. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { judge } from "../../core/diagnosis/verdict.ts";
import { evidence } from "../core/evidence/evidence.ts";

const EXAMPLES = join(import.meta.dirname, "..", "..", "examples");

const unknown = judge(evidence({ pods: [], final: true }));
const gradeA = { ...unknown, verdict: "success", cause: "success", grade: "A" };
/** What the collector prints of two nodes. */
const COLLECTED = JSON.stringify({ run: "r", nodes: { "storage-1": gradeA, "storage-2": unknown } });

const TEST = "fuse-propagation-test:index:FusePropagationTest";
const pods = (node: string) => ["producer", "consumer"].map((part) => `kubernetes:core/v1:Pod fuse-${node}-${part}`);
const testOf = (...nodes: string[]) => [
  `${TEST} fuse`,
  "kubernetes:core/v1:Namespace fuse-namespace",
  "kubernetes:core/v1:ConfigMap fuse-probe",
  ...nodes.flatMap(pods),
  "command:local:Command fuse-teardown",
  "command:local:Command fuse-sweep",
  "command:local:Command fuse-collect",
];

interface Example {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
  readonly registers: readonly string[];
  readonly outputs: Readonly<Record<string, unknown>>;
}

const PROGRAMS: readonly Example[] = [
  {
    name: "own-program",
    config: { node: "storage-1" },
    registers: [...testOf("storage-1"), "kubernetes:core/v1:Namespace media"],
    outputs: { namespace: "media", verdict: "success", explanation: gradeA.explanation },
  },
  {
    name: "several-nodes",
    config: { nodes: '["storage-1","storage-2"]' },
    registers: testOf("storage-1", "storage-2"),
    outputs: {
      verdicts: { "storage-1": "success: success", "storage-2": "inconclusive: unknown" },
      fit: ["storage-1"],
    },
  },
  {
    name: "existing-provider",
    config: { node: "storage-1", kubeconfig: "/home/me/.kube/config", context: "homelab" },
    registers: ["pulumi:providers:kubernetes homelab", ...testOf("storage-1")],
    outputs: { verdict: "success", next: gradeA.decision?.nextStep },
  },
  {
    name: "shared-mount",
    config: { node: "storage-1", image: "rclone/rclone:1.71.2" },
    registers: [
      "fuse-propagation-test:index:FuseMount media",
      "kubernetes:core/v1:Namespace media-namespace",
      "kubernetes:networking.k8s.io/v1:NetworkPolicy media-network-policy",
      "kubernetes:apps/v1:Deployment media-daemon",
      "kubernetes:apps/v1:Deployment films",
    ],
    outputs: { mountPoint: "/mnt/media/remote", reader: "films" },
  },
];

const projectOf = (name: string) =>
  parse(readFileSync(join(EXAMPLES, name, "Pulumi.yaml"), "utf8")) as { readonly name: string };

describe("examples", () => {
  const registered: { readonly id: string; readonly provider: string; readonly inputs: Record<string, unknown> }[] = [];
  after(() => pulumi.runtime.setAllConfig({}));

  /** What the program exports, once everything in it is known. */
  async function outputsOf({ name, config }: Example): Promise<Record<string, unknown>> {
    const project = projectOf(name).name;
    registered.length = 0;
    await pulumi.runtime.setMocks(
      {
        newResource: async ({ type, name: resource, inputs, provider = "" }) => {
          // Slow enough that what does not wait for it comes first.
          if (resource.endsWith("-collect")) await sleep(50);
          registered.push({ id: `${type} ${resource}`, provider, inputs });
          const stdout = resource.endsWith("-collect") ? { stdout: COLLECTED } : {};
          return { id: `${resource}-id`, state: { ...inputs, ...stdout } };
        },
        call: ({ inputs }) => inputs,
      },
      project,
      "dev",
    );
    pulumi.runtime.setAllConfig(
      Object.fromEntries(Object.entries(config).map(([key, text]) => [`${project}:${key}`, text])),
    );
    const exported: Record<string, unknown> = { ...(await import(join(EXAMPLES, name, "index.ts"))) };
    const outputs = await new Promise<Record<string, unknown>>((resolve) => pulumi.output(exported).apply(resolve));
    await pulumi.runtime.disconnect();
    return outputs;
  }

  for (const example of PROGRAMS)
    it(`${example.name} registers exactly its resources, and outputs what it promises`, async () => {
      assert.deepEqual(await outputsOf(example), example.outputs);
      assert.deepEqual(registered.map(({ id }) => id).sort(), [...example.registers].sort());
      const made = registered.map(({ id }) => id);
      if (example.name === "own-program") {
        assert.ok(
          made.indexOf("kubernetes:core/v1:Namespace media") > made.indexOf("command:local:Command fuse-collect"),
        );
        const collect = registered.find(({ id }) => id.endsWith(" fuse-collect"));
        assert.match(String(collect?.inputs.create), /--fail-on inconclusive/);
      }
      if (example.name === "existing-provider")
        for (const { id, provider } of registered.filter(({ id }) => id.startsWith("kubernetes:")))
          assert.match(provider, /::homelab::homelab-id$/, id);
    });
});
