/** Has the machine to itself (test/lanes.ts): what is promised is promised of two cores. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FUSE_LAW, machineResidue, readCells, sandboxDown, start } from "./sandbox.ts";

/** Warm, from start to exit, on two cores: the promise to whoever waits for the answer. */
const WARM_SECONDS = 60;

describe("npm start on the sandbox, with the machine to itself", () => {
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
});
