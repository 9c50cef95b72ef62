/** Starts the program and the policy pack as Pulumi's Node.js host does: the SDK's runners, their arguments and environment. */
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { parse } from "yaml";

const sdk = createRequire(import.meta.url);

/** Where nobody answers: neither runner may need the engine to say what is wrong. */
export const NOBODY = "127.0.0.1:1";

export interface Running {
  /** The first line of its standard output. @throws Error with what it said, if it ends before */
  readonly port: Promise<number>;
  readonly ended: Promise<{ readonly code: number | null; readonly said: string }>;
  stop(): Promise<void>;
}

/** @param node the program, and flags of ours for it */
export function startPack(pack: string, node: readonly string[] = [process.execPath]): Running {
  return start([...node, sdk.resolve("@pulumi/pulumi/cmd/run-policy-pack"), NOBODY, pack], pack, {
    PULUMI_NODEJS_ORGANIZATION: "organization",
    PULUMI_NODEJS_PROJECT: "fuse-propagation-test",
    PULUMI_NODEJS_STACK: "test",
    PULUMI_NODEJS_DRY_RUN: "true",
    PULUMI_CONFIG: JSON.stringify({ "fuse-propagation-test:nodes": '["k3s-w2"]' }),
  });
}

/**
 * @param directory of the program, with its Pulumi.yaml
 * @param addresses of a resource monitor and an engine
 * @param config by full key: `project:key`
 */
export function startProgram(
  directory: string,
  { monitor, engine }: { readonly monitor: string; readonly engine: string },
  config: Readonly<Record<string, string>>,
): Running {
  const { name, main } = parse(readFileSync(join(directory, "Pulumi.yaml"), "utf8")) as { name: string; main: string };
  const project = ["--project", name, "--root-directory", directory, "--stack", "test", "--pwd", directory];
  const args = ["--monitor", monitor, "--engine", engine, "--organization", "organization", ...project];
  const runner = sdk.resolve("@pulumi/pulumi/cmd/run");
  return start([process.execPath, runner, ...args, "--dry-run", "--parallel", "16", main], directory, {
    // The spelling of old: the host has it for old SDKs.
    PULUMI_CONFIG: JSON.stringify(
      Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace(":", ":config:"), value])),
    ),
    PULUMI_CONFIG_SECRET_KEYS: "[]",
  });
}

function start([program = "", ...args]: readonly string[], cwd: string, env: Record<string, string>): Running {
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  let printed: (port: number) => void = () => {};
  const hear = (text: string) => {
    said += text;
    const port = /^(\d+)\n/.exec(said)?.[1];
    if (port) printed(Number(port));
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", hear);
  const ended = new Promise<{ code: number | null; said: string }>((resolve, reject) => {
    child.once("close", (code) => resolve({ code, said }));
    child.once("error", reject);
  });
  const port = new Promise<number>((resolve, reject) => {
    printed = resolve;
    ended.then(({ code }) => reject(new Error(`ended with exit code ${code}: ${said}`)), reject);
  });
  port.catch(() => {});
  return {
    port,
    ended,
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** A Node before 22.18 with its version: one of PATH where there is one, else this one under the version of an old one. */
export function oldNode(): { readonly node: readonly string[]; readonly version: string } {
  for (const directory of [...(process.env.PATH ?? "").split(delimiter), "/usr/bin"]) {
    const version = spawnSync(join(directory, "node"), ["--version"], { encoding: "utf8" }).stdout?.trim() ?? "";
    const [major = 0, minor = 0] = version.slice(1).split(".").map(Number);
    if (version && (major < 22 || (major === 22 && minor < 18))) return { node: [join(directory, "node")], version };
  }
  const version = "v20.20.2";
  const fake = `Object.defineProperty(process, "version", { value: "${version}" })`;
  return { node: [process.execPath, "--import", `data:text/javascript,${encodeURIComponent(fake)}`], version };
}
