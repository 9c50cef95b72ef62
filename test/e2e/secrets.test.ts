import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cli, kubectl, leaveSandbox, type SandboxDocument, sandbox, start, succeeded } from "./sandbox.ts";

describe("a command with a key in it", () => {
  let cluster: SandboxDocument;
  let folder: string;
  before(async () => {
    cluster = await sandbox();
    folder = mkdtempSync(join(tmpdir(), "secrets-"));
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await leaveSandbox();
  });

  it("is in no list of processes, progress, report, claim or state, though its daemon logs the key", async () => {
    const key = `k3y${randomBytes(12).toString("hex")}`;
    const file = join(folder, "daemon.sh");
    writeFileSync(file, `echo "the service refuses ${key}" >&2; exit 1\n`, { mode: 0o600 });
    const reported = new Set<string>();
    const looking = setInterval(() => {
      for (const line of commandLines(key)) reported.add(line);
    }, 250);
    const { document, stdout, stderr } = await start([
      ...["--keep", "--verbose", "--kubeconfig", cluster.kubeconfig, "--context", cluster.context, "--node", "k3s-w2"],
      ...["--set", `producerImage=${cluster.images.producer}`, `consumerImage=${cluster.images.producer}`],
      ...["driver=command", `command=@${file}`, "admission=true", "markerWaitSeconds=8", "collectSeconds=30"],
    ]).finally(() => clearInterval(looking));

    assert.ok(document, stderr);
    const pods = succeeded(await kubectl(cluster, ["get", "pods", "-n", "fuse-test", "-o", "json"])).stdout;
    assert.ok(pods.includes(key), "the pod has it, or this test would mean nothing");
    assert.match(`${stdout}${stderr}`, /the service refuses \[secret\]/, "and the daemon did log it");
    assert.ok(!stdout.includes(key) && !stderr.includes(key), stderr);
    assert.deepEqual([...reported], []);

    const runs = process.env.FUSE_TEST_RUNS ?? "";
    const entries = readdirSync(runs, { recursive: true, withFileTypes: true });
    const kept = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    assert.ok(
      kept.some((path) => path.endsWith("homelab.json") && path.includes("/state/")),
      kept.join(),
    );
    assert.ok(
      kept.some((path) => path.endsWith("claims/homelab.json")),
      kept.join(),
    );
    for (const path of kept) assert.ok(!readFileSync(path).includes(key), path);

    const swept = await cli("sweep", ["--stack", "homelab"]);
    assert.equal(swept.code, 0, swept.stderr);
    assert.ok(!swept.stderr.includes(key));
    const left = await kubectl(cluster, ["get", "namespace", "fuse-test", "--ignore-not-found", "-o", "name"]);
    assert.equal(left.stdout, "");
    assert.ok(!readdirSync(join(runs, "stacks")).includes("homelab"), "the sweep has forgotten the stack");
  });
});

/** Of every process of the machine but those in the sandbox's pods, where the daemon itself runs. */
function commandLines(words: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && !read(name, "cgroup").includes("/fpt-"))
    .map((pid) => read(pid, "cmdline").replaceAll("\0", " "))
    .filter((line) => line.includes(words));
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    // It has ended since it was listed.
    return "";
  }
}
