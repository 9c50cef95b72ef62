/** Runs of `npm start` that are killed with `kill -9` amid what they do. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { prefix } from "../../sandbox/box/cgroups.ts";
import type { SandboxDocument } from "./sandbox.ts";

/** Told where the cluster is, so that `npm start` takes it for a cluster of the user's own and leaves it standing. */
export const onW2 = ({ images, kubeconfig, context }: SandboxDocument) => [
  ...["--kubeconfig", kubeconfig, "--context", context, "--node", "k3s-w2"],
  ...["--set", `producerImage=${images.producer}`, `consumerImage=${images.producer}`],
];

/**
 * Runs `npm start` until its progress has these words, and kills it with its whole process group.
 *
 * @param isThere what else is awaited
 * @param first done before
 */
export async function killedRun(
  args: readonly string[],
  words: RegExp,
  { first = () => {}, isThere = () => true }: { readonly first?: () => void; readonly isThere?: () => boolean } = {},
): Promise<void> {
  const child = spawn(process.execPath, ["cli/main.ts", "start", ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  const gone = new Promise<void>((resolve) => child.on("close", () => resolve()));
  let stderr = "";
  const said = new Promise<void>((resolve) => {
    child.stderr.on("data", (data: Buffer) => {
      stderr += data.toString();
      if (words.test(stderr)) resolve();
    });
  });
  await Promise.race([said, gone]);
  assert.match(stderr, words);
  const from = performance.now();
  while (!isThere()) {
    assert.ok(performance.now() - from < 180_000, stderr);
    await sleep(100);
  }
  first();
  process.kill(-(child.pid ?? 0), "SIGKILL");
  await Promise.race([gone, sleep(2000)]);
}

/** Kills processes of the sandbox by what they run, each by its id. */
export function killAll(command: RegExp): void {
  const found = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter(
      (pid) => read(pid, "cgroup").includes(`/${prefix}`) && command.test(read(pid, "cmdline").replaceAll("\0", " ")),
    );
  assert.notEqual(found.length, 0, `no process of the sandbox runs ${command}`);
  for (const pid of found)
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch (error) {
      // A shell's own children have its name, and some of them live for a moment only.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    // It has ended since it was listed.
    return "";
  }
}
