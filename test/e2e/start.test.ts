import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FUSE_LAW, kubectl, machineResidue, readCells, sandbox, sandboxDown, start } from "./sandbox.ts";

/** Warm, from start to exit, on two cores: the promise to whoever waits for the answer. */
const WARM_SECONDS = 60;

describe("npm start on the sandbox", () => {
  before(async () => {
    await sandboxDown();
  });

  it("answers for both nodes, with evidence, and leaves nothing", async () => {
    const temporary = mkdtempSync(join(tmpdir(), "start-"));
    const { code, document, seconds, stderr } = await start([], { env: { TMPDIR: temporary } });
    assert.ok(document, stderr);
    const { "k3s-w2": w2, "k3s-w1": w1 } = document.nodes;
    assert.deepEqual([w2?.verdict, w2?.cause], ["success", "success"], stderr);
    assert.deepEqual([w1?.verdict, w1?.cause], ["failure", "node-root-private"], stderr);
    assert.deepEqual(document.residue, []);
    assert.doesNotMatch(
      stderr,
      /found mount/,
      "the producer takes its mounts away itself: the sweep has nothing to do",
    );
    assert.equal(code, 1, "the exit code of a failure verdict");
    assert.ok(seconds < WARM_SECONDS, `${seconds} s`);

    const shown = w1?.evidence.map(({ text }) => text).join("\n") ?? "";
    assert.match(shown, /path "\/tmp\/fuse-test-bridge" is mounted on "\/" but it is not a shared (or slave )?mount/);
    const hardened = w2?.evidence.find(({ source }) => source.startsWith("hardened"))?.text ?? "";
    assert.match(hardened, /nonce [0-9a-f-]{36};.*master:\d+ - fuse\.rclone/, "the unprivileged reader's own mount");

    assert.deepEqual([w2?.grade, w1?.grade], ["A", "C"]);
    for (const { seenMs, stale, recoveredMs, heldFile } of Object.values(w2?.timings.readers ?? {})) {
      assert.ok((seenMs ?? 1e9) < 5000);
      assert.equal(stale?.errno, "ENOTCONN");
      assert.ok((stale?.lastedMs ?? 0) > 1000, "the dead mount is left for two seconds");
      assert.ok((recoveredMs ?? 1e9) < 5000);
      assert.equal(heldFile, "dead");
    }
    assert.deepEqual(readCells(w2), FUSE_LAW);

    assert.deepEqual(readdirSync(temporary), [], "nothing stays in the temporary directory");
    rmSync(temporary, { recursive: true });
    assert.deepEqual(await machineResidue(), []);
  });

  it("runs under its own admission policies, and takes them away too", async () => {
    const cluster = await sandbox();
    const { producer } = cluster.images;
    const target = ["--kubeconfig", cluster.kubeconfig, "--context", cluster.context];
    const images = [`producerImage=${producer}`, `consumerImage=${producer}`];
    const { document, stderr } = await start([...target, "--set", "admission=true", ...images]);
    assert.equal(document?.nodes["k3s-w2"]?.verdict, "success", stderr);
    assert.deepEqual(document?.residue, []);
    const left = await kubectl(cluster, [
      "get",
      "validatingadmissionpolicies,validatingadmissionpolicybindings",
      "-o",
      "name",
    ]);
    await sandboxDown();
    assert.doesNotMatch(left.stdout, /fuse/);
  });

  for (const [when, after, code] of [
    ["while the sandbox starts", /boxes, network/, 130],
    ["in the preview", /sandbox up/, 130],
    ["in the middle of the test", /fuse-producer-k3s-w2 runs/, 130],
    // The answer is known by then, and told.
    ["while it takes the test down", /taking the test down/, 1],
  ] as const) {
    it(`cleans up after Ctrl-C ${when}`, async () => {
      const result = await interrupted(after, "SIGINT");
      assert.equal(result.code, code, result.stderr);
      assert.deepEqual(await machineResidue(), []);
    });
  }

  it("refuses bad settings before the sandbox is even started", async () => {
    const { code, stderr, seconds } = await start(["--set", "bridge=/etc", "namespace=kube-system"]);
    assert.equal(code, 2);
    assert.match(stderr, /bridge = "\/etc": choose a directory outside \/etc/);
    assert.match(stderr, /namespace = "kube-system": choose a namespace of the test's own/);
    assert.ok(seconds < 5, `${seconds} s`);
    assert.deepEqual(await machineResidue(), []);
  });
});

/** Runs `npm start` and sends the signal as soon as its progress shows the words. */
async function interrupted(words: RegExp, signal: "SIGINT" | "SIGKILL") {
  const child = spawn(process.execPath, ["cli/main.ts", "start", "--json"], { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  let sent = false;
  child.stderr.on("data", (data: Buffer) => {
    stderr += data.toString();
    if (sent || !words.test(stderr)) return;
    sent = true;
    child.kill(signal);
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  assert.ok(sent, `it never said ${words}: ${stderr}`);
  return { code, stderr };
}
