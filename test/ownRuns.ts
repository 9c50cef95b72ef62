/**
 * The tests' own directory of runs, for whoever imports this and all it starts: what a user keeps, or had killed, is not theirs to see,
 * let alone to sweep. It is made by the first run.
 */
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = join(tmpdir(), `fuse-test-runs-${randomUUID()}`);
process.env.FUSE_TEST_RUNS = folder;
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
