/** Runs one command as the official plugin does, and fails in its words. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import type { Readable } from "node:stream";

export interface CommandLine {
  readonly command: string;
  /** The program and its first arguments; the command is appended as one argument. */
  readonly interpreter: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly stdin: string;
  readonly dir: string;
}

interface Watcher {
  /** Aborted: the command is killed, without time to clean up: the official plugin gives it none. */
  readonly signal: AbortSignal;
  /** What a stream prints is shown line by line; absent: it is not shown. */
  readonly shown: Readonly<Partial<Record<"stdout" | "stderr", (line: string) => void>>>;
}

/** Bytes of a line that is shown. The official plugin reads no further behind a longer one, and its command never ends. */
const LINE_LIMIT = 64 * 1024;

/** What runs; a plugin that is ended must not leave it behind. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/**
 * What the command printed, each without its last newline.
 *
 * @throws Error in the official plugin's words: what happened, the command, and all that it printed.
 */
export async function run(line: CommandLine, watcher: Watcher): Promise<{ stdout: string; stderr: string }> {
  const [program = "/bin/sh", ...args] = [...line.interpreter, line.command];
  const both: string[] = [];
  const failed = (what: string) => new Error(`${what}: running ${JSON.stringify(line.command)}:\n${both.join("")}`);
  if (watcher.signal.aborted) throw failed("context canceled");
  if (!existsSync(line.dir)) throw failed(`chdir ${line.dir}: no such file or directory`);
  const child = spawn(program, args, { cwd: line.dir, env: line.environment, stdio: ["pipe", "pipe", "pipe"] });
  let tooLong: string | undefined;
  const collect = (stream: "stdout" | "stderr") => {
    const chunks: string[] = [];
    const show = watcher.shown[stream];
    onLines(
      child[stream],
      (text) => chunks.push(text) && both.push(text),
      (text) => {
        if (show && Buffer.byteLength(text) >= LINE_LIMIT) tooLong = stream;
        show?.(text);
      },
    );
    return chunks;
  };
  const stdout = collect("stdout");
  const stderr = collect("stderr");
  // A command that does not read its stdin closes the pipe: no error of ours.
  child.stdin.on("error", () => {}).end(line.stdin);

  const problem = await ending(child, watcher.signal);
  if (problem !== undefined) throw failed(problem);
  if (tooLong)
    throw new Error(
      `a line of ${LINE_LIMIT} bytes or more on ${tooLong}, which is logged: the official command plugin would wait for ever; set logging to leave ${tooLong} out`,
    );
  return { stdout: stdout.join("").replace(/\n$/, ""), stderr: stderr.join("").replace(/\n$/, "") };
}

/** Why the command failed, or undefined. What it started itself and left with its output still open is waited for. */
async function ending(child: ChildProcess, signal: AbortSignal): Promise<string | undefined> {
  const stop = () => child.kill("SIGKILL");
  running.add(child);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise((resolve) => {
      child.on("error", ({ code, message }: NodeJS.ErrnoException) =>
        resolve(code === "ENOENT" ? missing(child.spawnfile) : message),
      );
      child.on("close", (code, killedBy) => {
        if (code === 0) return resolve(undefined);
        resolve(killedBy === null ? `exit status ${code}` : `signal: ${SIGNALS[killedBy] ?? killedBy}`);
      });
    });
  } finally {
    signal.removeEventListener("abort", stop);
    running.delete(child);
  }
}

function missing(program: string): string {
  return program.includes("/")
    ? `fork/exec ${program}: no such file or directory`
    : `exec: "${program}": executable file not found in $PATH`;
}

/** As Go names them. */
const SIGNALS: Partial<Record<NodeJS.Signals, string>> = {
  SIGHUP: "hangup",
  SIGINT: "interrupt",
  SIGKILL: "killed",
  SIGTERM: "terminated",
};

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
