/** Offline stand-in, used only where the official plugin cannot be installed: runs one command and ends what it started. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

export interface CommandLine {
  readonly command: string;
  /** The program and its first arguments; the command is appended as one argument. */
  readonly interpreter: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly stdin: string;
  readonly dir: string;
}

export interface Watcher {
  /** Aborted: the command gets SIGINT, then SIGTERM, then SIGKILL, with time to clean up between them. */
  readonly signal: AbortSignal;
  onLine(stream: "stdout" | "stderr", line: string): void;
}

const GRACE_MS = { SIGINT: 5_000, SIGTERM: 5_000 } as const;
const ERROR_TAIL_LINES = 40;

/** Process groups under way; a plugin that is ended must not leave them behind. */
const groups = new Set<number>();
process.on("exit", () => {
  for (const group of groups) signalGroup(group, "SIGTERM");
});

/**
 * What the command printed, each without its last newline.
 *
 * @throws Error with the exit code or signal and the end of what was printed.
 */
export async function run(line: CommandLine, watcher: Watcher): Promise<{ stdout: string; stderr: string }> {
  watcher.signal.throwIfAborted();
  const [program = "/bin/sh", ...args] = [...line.interpreter, line.command];
  const child = spawn(program, args, {
    cwd: line.dir,
    env: line.environment,
    stdio: ["pipe", "pipe", "pipe"],
    // A process group of its own, so that what the command started ends with it.
    detached: true,
  });
  const both: string[] = [];
  const collect = (stream: "stdout" | "stderr") => {
    const chunks: string[] = [];
    onLines(
      child[stream],
      (text) => chunks.push(text) && both.push(text),
      (text) => watcher.onLine(stream, text),
    );
    return chunks;
  };
  const stdout = collect("stdout");
  const stderr = collect("stderr");
  // A command that does not read its stdin closes the pipe: no error of ours.
  child.stdin.on("error", () => {}).end(line.stdin);

  const problem = await ending(child, watcher.signal, line);
  if (problem !== undefined)
    throw new Error(`${problem}: running ${JSON.stringify(line.command)}:\n${tail(both.join(""))}`);
  return { stdout: stdout.join("").replace(/\n$/, ""), stderr: stderr.join("").replace(/\n$/, "") };
}

/** Why the command failed, or undefined. */
async function ending(
  child: ChildProcessByStdio<Writable, Readable, Readable>,
  signal: AbortSignal,
  { interpreter, dir }: CommandLine,
): Promise<string | undefined> {
  const group = child.pid;
  if (group !== undefined) groups.add(group);
  const stop = () => group !== undefined && void endGroup(group);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise((resolve) => {
      child.on("error", (error) => resolve(`cannot start ${interpreter[0]} in ${dir}: ${error.message}`));
      child.on("close", (code, killedBy) => {
        if (code === 0) return resolve(undefined);
        const status = killedBy === null ? `exit status ${code}` : `ended by ${killedBy}`;
        resolve(signal.aborted ? `${(signal.reason as Error).message} (${status})` : status);
      });
    });
  } finally {
    signal.removeEventListener("abort", stop);
    if (group !== undefined) groups.delete(group);
  }
}

async function endGroup(group: number): Promise<void> {
  for (const [signal, grace] of Object.entries(GRACE_MS) as [keyof typeof GRACE_MS, number][]) {
    signalGroup(group, signal);
    for (let waited = 0; waited < grace; waited += 50) {
      if (!groups.has(group)) return;
      await sleep(50);
    }
  }
  signalGroup(group, "SIGKILL");
}

function signalGroup(group: number, signal: keyof typeof constants.signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // Ended already.
  }
}

/** Chunks as they come, and each line as soon as it is whole (or the stream has ended). */
function onLines(stream: Readable, onChunk: (text: string) => void, onLine: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    onChunk(text);
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  });
  stream.on("end", () => rest !== "" && onLine(rest));
}

function tail(text: string): string {
  return text.trimEnd().split("\n").slice(-ERROR_TAIL_LINES).join("\n");
}
