/** Starts the SDK's runners (`cmd/run`, `cmd/run-policy-pack`), as the official language host does. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import type { ProgramInfo } from "@pulumi/pulumi/proto/language_pb.js";

/** Milliseconds that a runner has to end after SIGINT. */
const GRACE_MS = 5_000;

/** What runs; it ends with this process. */
const running = new Set<ChildProcessByStdio<null, Readable, Readable>>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGTERM");
});

interface Options {
  readonly nodeArguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** The runtime options of Pulumi.yaml or PulumiPolicy.yaml; `typescript` is on unless it is switched off. */
export function optionsOf(info: ProgramInfo | undefined): { readonly directory: string; readonly options: Options } {
  const given = info?.getOptions()?.toJavaScript() ?? {};
  const { typescript = true, tsconfig, nodeargs = "" } = given;
  return {
    directory: info?.getProgramDirectory() || process.cwd(),
    options: {
      nodeArguments: String(nodeargs).split(/\s+/).filter(Boolean),
      environment: {
        ...(typescript === true && { PULUMI_NODEJS_TYPESCRIPT: "true" }),
        ...(typeof tsconfig === "string" && { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig }),
      },
    },
  };
}

/**
 * Path of a module as the program itself would find it.
 *
 * @param install the command that the error names where the SDK is missing
 * @throws Error in the official host's words
 */
export function within(directory: string, module: string, install: string): string {
  try {
    return createRequire(pathToFileURL(join(directory, "package.json"))).resolve(module);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    throw new Error(`It looks like the Pulumi SDK has not been installed. Have you run ${install}?`);
  }
}

/** `node` as PATH has it: nothing is chosen here. */
export function start(
  args: readonly string[],
  {
    signal,
    ...options
  }: { readonly cwd?: string; readonly env: NodeJS.ProcessEnv; readonly signal?: AbortSignal | undefined },
): ChildProcessByStdio<null, Readable, Readable> {
  const child = spawn("node", args, {
    ...options,
    env: { ...options.env, ...ownCompileCache(options.env) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const stop = () => {
    child.kill("SIGINT");
    setTimeout(() => child.kill("SIGKILL"), GRACE_MS).unref();
  };
  signal?.addEventListener("abort", stop, { once: true });
  child.once("close", () => {
    running.delete(child);
    signal?.removeEventListener("abort", stop);
  });
  return child;
}

/**
 * The SDK's runners set a flag of V8, and code that was compiled with it is refused without it, and the other way round: in one directory
 * they and every other process would compile everything again, and overwrite each other's.
 */
const ownCompileCache = ({ NODE_COMPILE_CACHE: shared }: NodeJS.ProcessEnv) =>
  shared ? { NODE_COMPILE_CACHE: join(shared, "runners") } : {};
