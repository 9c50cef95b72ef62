import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { runDiagnose } from "../../cli/commands/diagnose.ts";
import type { Finding } from "../../core/layout/index.ts";
import type { RbacObject } from "../../core/rights/rights.ts";
import { type ExecApi, execApi } from "../cluster/live/api.ts";
import { DAEMON, pod, READER } from "../core/live/cases.ts";
import { inProcess } from "./inProcess.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const LAYOUTS = join(ROOT, "test", "fixtures", "layouts");

const diagnose = (args: readonly string[]) => inProcess(runDiagnose, args);

/** As a program of its own, with manifests on its standard input, or other programs on its path. */
function started(args: readonly string[], { input = "", path = process.env.PATH ?? "" }) {
  const main = join(ROOT, "cli", "main.ts");
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, "diagnose", ...args], {
    encoding: "utf8",
    input,
    env: { ...process.env, PATH: path },
  });
  return { status, stdout, stderr };
}

const findingsIn = (stdout: string) => (JSON.parse(stdout) as { readonly findings: readonly Finding[] }).findings;
const broken = (name: string) => join(LAYOUTS, "broken", `${name}.yaml`);

describe("diagnose FILE", () => {
  const folder = mkdtempSync(join(tmpdir(), "diagnose-"));
  after(() => rmSync(folder, { recursive: true }));

  it("prints one document, and ends with 1 where there is an error", async () => {
    const { status, stdout } = await diagnose(["--json", broken("reader-binds-mountpoint")]);
    assert.equal(status, 1);
    const [finding, ...others] = findingsIn(stdout);
    assert.deepEqual(others, []);
    assert.deepEqual(Object.keys(finding ?? {}).sort(), ["file", "fix", "id", "message", "object", "path", "severity"]);
    assert.deepEqual([finding?.id, finding?.severity], ["consumer-binds-mountpoint", "error"]);
  });

  it("says to people where, why and how, and that it is no proof", async () => {
    const { status, stdout, stderr } = await diagnose([broken("recursive-read-only")]);
    assert.equal(status, 1);
    assert.match(
      stdout,
      /recursive-read-only {2}Deployment media\/sonarr[\s\S]*KEP-3857[\s\S]*volumeMounts\[0\]\.recursiveReadOnly\n {2}fix {2}\[/,
    );
    assert.match(stderr, /1 error in the manifests of 1 FUSE daemon and 1 reader \(static: no proof\)/);
  });

  it("ends with 0 for advice alone, with 1 where it is strict", async () => {
    const easy = await diagnose(["--json", broken("no-gate")]);
    const strict = await diagnose(["--json", "--strict", broken("no-gate")]);
    assert.deepEqual([easy.status, strict.status], [0, 1]);
    assert.deepEqual(
      findingsIn(easy.stdout).map(({ id, severity }) => [id, severity]),
      [["gate-missing", "advice"]],
    );
  });

  it("finds nothing in a sound layout, and says so where there is no daemon at all", async () => {
    const sound = await diagnose(["--json", join(LAYOUTS, "sound", "parent-directory.yaml")]);
    assert.deepEqual([sound.status, sound.stdout], [0, '{"findings":[]}\n']);
    assert.match(sound.stderr, /nothing wrong found in the manifests of 1 FUSE daemon and 1 reader/);
    const plain = await diagnose([join(LAYOUTS, "sound", "plain-host-path.yaml")]);
    assert.equal(plain.status, 0);
    assert.match(plain.stderr, /no FUSE daemon found/);
  });

  it("reads a rendered chart from standard input", () => {
    const chart = `# Source: a/b.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\n---\n---\n`;
    const { status, stdout } = started(["--json", "-"], { input: chart });
    assert.deepEqual([status, stdout], [0, '{"findings":[]}\n']);
  });

  it("ends with 2 where an input cannot be read, and names it", async () => {
    const bad = join(folder, "bad.yaml");
    writeFileSync(bad, "kind: Pod\n  a: [\n");
    const { status, stdout, stderr } = await diagnose(["--json", bad]);
    assert.deepEqual([status, stdout], [2, ""]);
    assert.match(stderr, /bad\.yaml: cannot be read/);
    assert.equal((await diagnose([join(folder, "missing.yaml")])).status, 2);
    assert.equal((await diagnose([])).status, 2);
  });

  describe("of a kustomization", () => {
    const own = join(folder, "kustomization");
    const tools = join(folder, "tools");
    before(() => {
      for (const one of [own, tools]) mkdirSync(one);
      cpSync(broken("reader-without-propagation"), join(own, "pods.yaml"));
      writeFileSync(join(own, "kustomization.yaml"), "resources: [pods.yaml]\n");
    });

    it("reads the files that it names, and says that its patches are missing where there is no kustomize", () => {
      const { status, stdout, stderr } = started(["--json", own], { path: "/nonexistent" });
      assert.equal(status, 1);
      assert.deepEqual(
        findingsIn(stdout).map(({ id }) => id),
        ["consumer-not-host-to-container"],
      );
      assert.match(stderr, /read without its patches/);
    });

    it("takes no patch for a workload, and says that there is no reader", async () => {
      const daemon = join(folder, "recipe");
      const component = join(daemon, "readers", "sonarr");
      mkdirSync(component, { recursive: true });
      const [producer = "", reader = ""] = readFileSync(join(LAYOUTS, "sound", "parent-directory.yaml"), "utf8").split(
        /^---$/m,
      );
      writeFileSync(join(daemon, "daemon.yaml"), producer);
      writeFileSync(join(daemon, "kustomization.yaml"), "resources: [daemon.yaml]\n");
      writeFileSync(join(component, "patch.yaml"), reader);
      writeFileSync(join(component, "kustomization.yaml"), "kind: Component\npatches: [{ path: patch.yaml }]\n");
      const { status, stderr } = await diagnose(["--kustomize", "/nonexistent", daemon]);
      assert.equal(status, 0, stderr);
      assert.match(
        stderr,
        /^! nothing wrong found in the manifests of 1 FUSE daemon and 0 readers: pass the readers'/m,
      );
      // Named as a file, it is what is asked about.
      const named = await diagnose([join(daemon, "daemon.yaml"), join(component, "patch.yaml")]);
      assert.match(named.stderr, /✓ nothing wrong found in the manifests of 1 FUSE daemon and 1 reader /);
    });

    it("reads what kustomize builds in place of its files", async () => {
      // What it prints is the sound layout: as if a patch had repaired it.
      const program = join(tools, "kustomize");
      writeFileSync(program, `#!/bin/sh\ncat '${join(LAYOUTS, "sound", "parent-directory.yaml")}'\n`, { mode: 0o755 });
      const { status, stdout } = await diagnose(["--json", "--kustomize", program, own]);
      assert.deepEqual([status, stdout], [0, '{"findings":[]}\n']);
    });
  });

  it("takes ten thousand documents and anchors within seconds", async () => {
    const many = join(folder, "many.yaml");
    const one = (index: number) =>
      `apiVersion: v1\nkind: Pod\nmetadata: &m { name: p${index} }\nspec:\n  containers:\n    - { name: a, image: b, volumeMounts: [{ name: v, mountPath: /mnt/a }] }\n  volumes: [{ name: v, hostPath: { path: /mnt/a } }]\nmore: *m\n`;
    writeFileSync(many, Array.from({ length: 10_000 }, (_, index) => one(index)).join("---\n"));
    const from = performance.now();
    const { status, stdout } = await diagnose(["--json", many, join(LAYOUTS, "sound", "plain-host-path.yaml")]);
    assert.deepEqual([status, stdout], [0, '{"findings":[]}\n']);
    assert.ok(performance.now() - from < 30_000);
  });
});

describe("diagnose of a cluster", () => {
  const refused = async (args: readonly string[]) => {
    const { status, stderr } = await diagnose(args);
    assert.equal(status, 2, stderr);
    return stderr;
  };

  it("refuses what names no cluster, no file, or both, with the remedy", async () => {
    assert.match(await refused([]), /nothing is named that it should read\n {2}remedy: name files/);
    assert.match(
      await refused(["a.yaml", "-n", "media"]),
      /a\.yaml is a file, and --namespace is of a cluster\n {2}remedy: name files, or a namespace/,
    );
    assert.match(
      await refused(["-n", "media", "--kubeconfig", "/nonexistent"]),
      /kubeconfig = .*cannot be read[\s\S]*remedy/,
    );
  });

  it("prints the least rights as YAML, per namespace, and for nodes apart", async () => {
    const rolesOf = async (args: readonly string[]) => {
      const { status, stdout } = await diagnose(["--print-role", ...args]);
      assert.equal(status, 0);
      return parseAllDocuments(stdout).map((document) => document.toJS() as RbacObject);
    };
    const roles = await rolesOf(["-n", "media", "downloads"]);
    assert.deepEqual(
      roles.map(({ kind, metadata }) => [kind, metadata.namespace]),
      [
        ["Role", "media"],
        ["Role", "downloads"],
        ["ClusterRole", undefined],
      ],
    );
    const rightsIn = (objects: readonly RbacObject[]) =>
      new Set(
        objects.flatMap(({ rules = [] }) =>
          rules.flatMap(({ resources, verbs }) => resources.flatMap((one) => verbs.map((verb) => `${verb} ${one}`))),
        ),
      );
    const least = ["list pods", "list events", "get pods/log", "get pods/exec", "create pods/exec", "get nodes"];
    assert.deepEqual([...rightsIn(roles)], least);
    const more = rightsIn(await rolesOf(["-n", "media", "--allow-ephemeral"]));
    assert.deepEqual(
      [...more].filter((right) => !least.includes(right)),
      ["get pods", "patch pods/ephemeralcontainers"],
    );
  });

  describe("that answers", () => {
    const folder = mkdtempSync(join(tmpdir(), "diagnose-live-"));
    const kubeconfig = join(folder, "kubeconfig");
    let api: ExecApi;
    before(async () => {
      const items = [pod("rclone", DAEMON), pod("sonarr", { ...READER, mount: {} })];
      const at = "/api/v1/namespaces/media";
      const answers = {
        "/version": { major: "1", minor: "34" },
        [`${at}/pods`]: { items },
        [`${at}/events`]: { items: [] },
      };
      api = await execApi(answers, (name, _, [program]) => {
        if (program !== "cat") return "uid 0\n1 0 \n";
        const table = (name.startsWith("rclone") ? DAEMON : READER).table ?? [];
        return (name.startsWith("rclone") ? table : table.map((line) => line.replace(/master:\d+ /, ""))).join("\n");
      });
      writeFileSync(kubeconfig, api.config.exportConfig());
    });
    after(() => {
      api.close();
      rmSync(folder, { recursive: true });
    });

    const live = (args: readonly string[]) => diagnose(["--kubeconfig", kubeconfig, "-n", "media", ...args]);

    it("prints one document with the documented fields first, then basis and evidence", async () => {
      const { status, stdout } = await live(["--json"]);
      assert.equal(status, 1);
      const [first] = findingsIn(stdout);
      const fields = ["id", "severity", "file", "object", "path", "message", "fix", "basis", "evidence"];
      assert.deepEqual(Object.keys(first ?? {}), fields);
      assert.deepEqual([first?.id, first?.object], ["consumer-not-host-to-container", "Deployment media/sonarr"]);
      assert.match(first?.file ?? "", /^Pod media\/sonarr-abc-1 on w2$/);
    });

    it("refuses names that it does not know, with those that are there", async () => {
      const said = (args: readonly string[]) => refused(["--kubeconfig", kubeconfig, "-n", "media", ...args]);
      assert.match(
        await said(["--producer", "decypharr"]),
        /names nothing that has pods\n {2}remedy: write it as kubectl does: deploy\/NAME/,
      );
      assert.match(
        await said(["--reader", "deploy/plex"]),
        /no pod of it is in media\n {2}remedy: .*Deployment media\/rclone, Deployment media\/sonarr/,
      );
      assert.match(
        await said(["--producer", "deploy/rclone", "--reader", "deploy/rclone"]),
        /--producer and --reader are the same: Deployment media\/rclone\n {2}remedy: name with --reader what reads/,
      );
      assert.match(await said(["--path", "mnt"]), /--path mnt is no absolute path/);
    });
  });
});
