import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const ROOT = join(import.meta.dirname, "..", "..");

/** Tells what it does, as a clean-up does, to a reader that went away: `npm start 2>&1 | tee` after Ctrl-C. */
const CLEAN_UP = `
  import { run } from "${join(ROOT, "cli", "run.ts")}";
  import { setTimeout as sleep } from "node:timers/promises";
  await run(async () => {
    for (const line of ["stopping", "still stopping"]) {
      process.stderr.write(line + "\\n");
      await sleep(20);
    }
    process.stdout.write("cleaned up\\n");
    return 130;
  });`;

describe("a command whose standard error is gone", () => {
  it("still comes to the end of its clean-up", async () => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", CLEAN_UP]);
    child.stderr.destroy();
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
    assert.equal(output, "cleaned up\n");
    assert.equal(code, 130);
  });

  it("keeps its exit code: the sandbox's own command", async () => {
    const env = { ...process.env, FUSE_TEST_CACHE: join(tmpdir(), "no-sandbox-is-here") };
    const child = spawn(process.execPath, ["sandbox/main.ts", "kubeconfig"], { cwd: ROOT, env });
    child.stderr.destroy();
    const [code] = await once(child, "close");
    assert.equal(code, 2);
  });
});
