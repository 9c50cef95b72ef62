/** The policy pack, run by the real engine in previews and updates. It takes the engine, and no cluster. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { local } from "@pulumi/command";
import { Deployment } from "@pulumi/kubernetes/apps/v1/index.js";
import { Pod } from "@pulumi/kubernetes/core/v1/index.js";
import * as pulumi from "@pulumi/pulumi";
import { type EngineEvent, LocalWorkspace, type PulumiFn } from "@pulumi/pulumi/automation/index.js";
import { parseAllDocuments } from "yaml";
import { PROJECT } from "../../core/contract/names.ts";
import { RULES } from "../../core/rules/index.ts";
import program from "../../index.ts";
import type { Fields } from "../core/rules/fixtures.ts";
import { consumer, foreignCommand, KUBECONFIG, kubernetes, planted } from "../fixtures/planted/stack.ts";
import { packConfig } from "../policy/pack.ts";
import { command, node, succeeded } from "./sandbox.ts";

const PACK = join(import.meta.dirname, "..", "..", "policy");
const LAYOUTS = join(import.meta.dirname, "..", "fixtures", "layouts");

interface Reported {
  readonly policy: string;
  readonly resource: string;
  readonly level: string;
  readonly message: string;
}

interface Outcome {
  readonly failed: boolean;
  readonly reported: readonly Reported[];
  /** Types of the resources that the stack holds afterwards. */
  readonly made: readonly string[];
}

describe("policy pack in the engine", () => {
  let env: Record<string, string>;
  let folder: string;

  before(async () => {
    env = (JSON.parse(succeeded(await node("sandbox/main.ts", ["engine", "--json"])).stdout) as { env: typeof env })
      .env;
    // The Automation API looks for the engine on this process's own PATH.
    Object.assign(process.env, env);
    folder = mkdtempSync(join(tmpdir(), "policy-"));
    writeFileSync(join(folder, "kubeconfig"), KUBECONFIG);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("names every rule of a stack with one planted violation of each, fails, and makes nothing", async () => {
    const touched = join(folder, "touched");
    const { failed, reported, made } = await run("preview", () => planted(touched));
    assert.ok(failed);
    for (const { id } of RULES) {
      const own = reported.filter(({ resource }) => resource === id);
      assert.deepEqual([...new Set(own.map(({ policy }) => policy))], [id], JSON.stringify(own, null, 1));
      assert.ok(own.every(({ level }) => level === "mandatory"));
    }
    assert.deepEqual(made, []);
    assert.ok(!existsSync(touched));
  });

  it("does so through `npm run preview` too, as a user types it", async () => {
    const state = { ...env, PULUMI_BACKEND_URL: `file://${folder}`, PULUMI_CONFIG_PASSPHRASE: "" };
    const project = join(import.meta.dirname, "..", "fixtures", "planted");
    succeeded(
      await command("pulumi", ["stack", "init", "planted", "--cwd", project, "--non-interactive"], { env: state }),
    );
    const options = ["preview", "--cwd", project, "--stack", "planted", "--non-interactive"];
    const { code, stdout, stderr } = await node("cli/main.ts", options, { env: state });
    rmSync(join(project, "Pulumi.planted.yaml"), { force: true });
    assert.notEqual(code, 0);
    for (const { id } of RULES) assert.ok(stdout.includes(id), `${id} in ${stdout}${stderr}`);
    assert.match(stdout, /mandatory/);
    assert.ok(!existsSync(join(project, "touched")));
  });

  it("stops an update that skipped the preview before anything is made", async () => {
    const touched = join(folder, "touched");
    const { failed, made } = await run("up", async () => {
      foreignCommand(touched);
    });
    assert.ok(failed);
    assert.ok(!existsSync(touched));
    assert.deepEqual(
      made.filter((type) => !type.startsWith("pulumi:")),
      [],
    );
  });

  it("refuses unknown values, each by the rule that reads it, and what is beside them", async () => {
    const { failed, reported } = await run("preview", async () => {
      const { stdout } = foreignCommand(join(folder, "touched"));
      const base = consumer();
      const spec = { ...(base.spec as Fields), nodeName: stdout, hostIPC: true };
      new Pod("unknown-node", { ...base, spec } as never, kubernetes());
      new Pod("unknown-spec", { ...base, spec: stdout as never } as never, kubernetes());
    });
    assert.ok(failed);
    const of = (name: string) => reported.filter(({ resource, level }) => resource === name && level === "mandatory");
    assert.deepEqual(
      of("unknown-node")
        .map(({ policy }) => policy)
        .sort(),
      ["no-host-namespaces", "pinned-to-test-node"],
    );
    assert.ok(of("unknown-spec").length >= 12);
    assert.ok(reported.every(({ level }) => level === "mandatory"));
  });

  it("shows no secret", async () => {
    const { failed, reported } = await run("preview", async () => {
      new local.Command("secret", { create: pulumi.secret("echo hunter2"), stdin: pulumi.secret("hunter2") });
    });
    assert.ok(failed);
    assert.ok(reported.length > 0);
    for (const { message } of reported) assert.ok(!message.includes("hunter2"), message);
  });

  it("refuses a component that hides its children", async () => {
    const { failed, reported } = await run("preview", async () => {
      new pulumi.ComponentResource("my:index:Empty", "empty");
    });
    assert.ok(failed);
    assert.deepEqual(
      reported.map(({ policy, resource }) => [policy, resource]),
      [["no-opaque-sources", "empty"]],
    );
  });

  it("passes the test itself, and refuses it on another node than the pack was told", async () => {
    const settings = { nodes: ["k3s-w2"], kubeconfig: join(folder, "kubeconfig") };
    assert.deepEqual(await run("preview", program, settings), { failed: false, reported: [], made: [] });
    const typo = await run("preview", program, { ...settings, nodes: ["k3s-w1"] });
    assert.ok(typo.failed);
    assert.ok(typo.reported.some(({ policy }) => policy === "pinned-to-test-node"));
  });

  it("allows the nodes that its own configuration names", async () => {
    const nodes = ["k3s-w1", "k3s-w2"];
    const config = join(folder, "pack.json");
    writeFileSync(config, JSON.stringify(packConfig({ nodes })));
    const settings = { nodes, kubeconfig: join(folder, "kubeconfig") };
    assert.deepEqual(await run("preview", program, settings, config), { failed: false, reported: [], made: [] });
    assert.ok((await run("preview", program, settings)).failed);
  });

  it("advises on the layout of a strange stack through the pack fuse-layout, and finds nothing in a sound one", async () => {
    const stackOf = (file: string) => async () => {
      for (const document of parseAllDocuments(readFileSync(join(LAYOUTS, `${file}.yaml`), "utf8"))) {
        const object = document.toJS() as { readonly kind: string; readonly metadata: { readonly name: string } };
        assert.equal(object.kind, "Deployment");
        new Deployment(object.metadata.name, object as never, kubernetes());
      }
    };
    const pack = join(PACK, "layout");
    const { failed, reported } = await run("preview", stackOf("broken/reader-binds-mountpoint"), {}, undefined, pack);
    assert.equal(failed, false);
    assert.deepEqual(
      reported.map(({ policy, level, resource }) => [policy, level, resource]),
      [["consumer-binds-mountpoint", "advisory", "sonarr"]],
    );
    assert.match(reported[0]?.message ?? "", /volumeMounts\[0\]\.mountPath: [\s\S]*Fix: \[/);
    const sound = await run("preview", stackOf("sound/parent-directory"), {}, undefined, pack);
    assert.deepEqual([sound.failed, sound.reported], [false, []]);
  });

  async function run(
    what: "preview" | "up",
    inline: PulumiFn,
    settings: Readonly<Record<string, unknown>> = {},
    config?: string,
    pack = PACK,
  ): Promise<Outcome> {
    const workDir = mkdtempSync(join(folder, "run-"));
    const stack = await LocalWorkspace.createOrSelectStack(
      { stackName: "planted", projectName: PROJECT, program: inline },
      {
        workDir,
        envVars: { ...env, PULUMI_BACKEND_URL: `file://${workDir}`, PULUMI_CONFIG_PASSPHRASE: "" },
        stackSettings: {
          planted: {
            config: Object.fromEntries(
              Object.entries(settings).map(([key, value]) => [`${PROJECT}:${key}`, value as string]),
            ),
          },
        },
      },
    );
    const reported: Reported[] = [];
    const onEvent = ({ policyEvent: event }: EngineEvent) => {
      if (!event) return;
      const { policyName: policy, enforcementLevel: level, message, resourceUrn = "" } = event;
      reported.push({ policy, level, message, resource: resourceUrn.slice(resourceUrn.lastIndexOf("::") + 2) });
    };
    const options = { policyPacks: [pack], ...(config ? { policyPackConfigs: [config] } : {}), onEvent };
    const failed = await (what === "up" ? stack.up(options) : stack.preview(options)).then(
      () => false,
      () => true,
    );
    const { deployment } = await stack.exportStack();
    const resources = (deployment as { resources?: { type: string }[] } | undefined)?.resources ?? [];
    return { failed, reported, made: resources.map(({ type }) => type) };
  }
});
