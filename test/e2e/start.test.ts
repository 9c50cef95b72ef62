import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { kubectl, machineResidue, sandbox, sandboxDown, start } from "./sandbox.ts";

describe("npm start on the sandbox", () => {
  before(async () => {
    await sandboxDown();
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
    const { code, stderr } = await start(["--set", "bridge=/etc", "namespace=kube-system"]);
    assert.equal(code, 2);
    assert.match(stderr, /bridge = "\/etc": choose a directory outside \/etc/);
    assert.match(stderr, /namespace = "kube-system": choose a namespace of the test's own/);
    assert.doesNotMatch(stderr, /boxes, network|sandbox up|✓/, "no step of the start was taken");
    assert.deepEqual(await machineResidue(), []);
  });

  it("refuses an image that it would not test", async () => {
    const { code, stderr } = await start(["--set", "producerImage=my/image:1.0"]);
    assert.equal(code, 2);
    assert.match(stderr, /producerImage = "my\/image:1.0": without a cluster the sandbox's own image is tested/);
    assert.doesNotMatch(stderr, /boxes, network|sandbox up|✓/, "no step of the start was taken");
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
