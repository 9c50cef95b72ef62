/** Runs a program to its end. Daemons are started elsewhere (box/box.ts). */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Interrupted, refuseIfStopping, stopping } from "../base/stop.ts";
import { SandboxError } from "./problem.ts";

export interface CommandOptions {
  readonly cwd?: string;
  /** The whole environment; this process's own where absent. */
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: string;
  /** Milliseconds after which the program is killed. */
  readonly deadline?: number;
  readonly onErrorLine?: (line: string) => void;
  /** What to tell a person to do when it fails. */
  readonly remedy?: string;
  /** Finish even while everything else is stopping: half a package installation or clean-up is worse than a wait. */
  readonly evenWhenStopping?: boolean;
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly late: boolean;
}

/** @throws SandboxError when the program cannot be run or does not exit with 0 */
export async function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr, late } = await attempt(program, args, options);
  if (code === 0) return stdout;
  if (stopping.aborted && !options.evenWhenStopping) throw new Interrupted();
  const why = late ? `took longer than ${options.deadline} ms` : stderr.trim().split("\n").slice(-6).join("\n  | ");
  throw new SandboxError(
    `${[program, ...args].join(" ").slice(0, 300)}\n  | ${why || `exit code ${code}`}`,
    options.remedy ?? "Run the command above by hand to see more.",
  );
}

/** Like `run`, but a failure is an answer. A program that does not exist has the code null. */
export function attempt(program: string, args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  if (!options.evenWhenStopping) refuseIfStopping();
  return new Promise((resolve) => {
    // Its own process group, so that a program is stopped together with the programs it started (go and its compilers).
    const child = spawn(program, args, {
      ...(options.cwd && { cwd: options.cwd }),
      env: options.env ?? process.env,
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    let late = false;
    const kill = (signal: NodeJS.Signals) => {
      try {
        if (child.pid) process.kill(-child.pid, signal);
      } catch {
        // It ended in the meantime.
      }
    };
    const onStop = () => kill("SIGTERM");
    if (!options.evenWhenStopping) stopping.addEventListener("abort", onStop);
    const timer = options.deadline
      ? setTimeout(() => {
          late = true;
          kill("SIGKILL");
        }, options.deadline)
      : undefined;
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr = (stderr + text).slice(-64_000);
    });
    if (options.onErrorLine) createInterface({ input: child.stderr }).on("line", options.onErrorLine);
    child.stdin.on("error", () => {});
    child.stdin.end(options.stdin ?? "");
    const done = (code: number | null) => {
      clearTimeout(timer);
      stopping.removeEventListener("abort", onStop);
      resolve({ code, stdout, stderr, late });
    };
    child.on("error", (error) => {
      stderr += error.message;
      done(null);
    });
    child.on("close", done);
  });
}
