/** The Pulumi engine and its plugins: all that `engine` makes, and the half of `up` that is not the cluster. */
import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { linkExactly } from "../base/links.ts";
import { links } from "../base/paths.ts";
import { note, step } from "../base/progress.ts";
import { installCli, installedCli, officialInstaller } from "./build/installer.ts";
import { KUBERNETES, KUBERNETES_VERSIONS, type KubernetesVersion } from "./build/kubernetes.ts";
import { engineEnvironment, installedPlugins, installPlugins, linkPlugins, type Plugins } from "./build/plugins.ts";
import { buildTools, pulumiVersion, toolDirectory } from "./build/tools.ts";
import { attempt } from "./command.ts";

export interface Engine {
  readonly engine: { readonly version: string };
  readonly plugins: Plugins;
  /** Environment for the engine: PATH with engine, plugins and this Node first, PULUMI_HOME. */
  readonly env: Readonly<Record<string, string>>;
  /** Directory with this Node, pulumi and, when compiled, kubectl. */
  readonly binaries: string;
}

/** A `pulumi` and where it lies. */
interface PulumiProgram {
  readonly directory: string;
  readonly version: string;
}

/** A pulumi on PATH that serves the SDK, or undefined. An older one would be refused later. */
async function pulumiOnPath(): Promise<PulumiProgram | undefined> {
  const { code, stdout } = await attempt("pulumi", ["version"], {
    env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" },
  });
  if (code !== 0 || !serves(stdout.trim())) return undefined;
  const { stdout: path } = await attempt("sh", ["-c", "command -v pulumi"]);
  if (!path.trim()) return undefined;
  // Where it really is: it may be our own link, made for whoever started us, and the host of a language lies beside the program.
  return { directory: dirname(realpathSync(path.trim())), version: stdout.trim().slice(1) };
}

/** `v3.251.1` -> whether it is of the SDK's major version, and no older. */
export function serves(version: string): boolean {
  const [, major = 0, minor = 0, patch = 0] = /^v(\d+)\.(\d+)\.(\d+)$/.exec(version)?.map(Number) ?? [];
  const [ownMajor = 0, ownMinor = 0, ownPatch = 0] = pulumiVersion.split(".").map(Number);
  return major === ownMajor && (minor > ownMinor || (minor === ownMinor && patch >= ownPatch));
}

/** One that need not be compiled: on PATH, or fetched with the official installer. */
export async function readyPulumi(): Promise<PulumiProgram | undefined> {
  const onPath = await pulumiOnPath();
  if (onPath) return onPath;
  const directory = await installCli(officialInstaller(pulumiVersion));
  return directory ? { directory, version: pulumiVersion } : undefined;
}

/** Fetches, compiles and installs what is missing. @throws SandboxError when the engine cannot be compiled */
export async function prepareEngine(kubernetes?: KubernetesVersion): Promise<Engine> {
  const ready = await readyPulumi();
  if (!ready) await buildTools(["pulumi"]);
  const { directory, version } = ready ?? own();
  const plugins = await step(`Pulumi ${version} and its plugins`, () => installPlugins(join(directory, "pulumi")));
  const offline = Object.keys(plugins).filter((name) => plugins[name as keyof Plugins] === "offline");
  if (offline.length > 0)
    note(`plugins ${offline.join(", ")}: stand-ins, as the official ones cannot be installed here`);
  return describeEngine({ directory, version }, plugins, kubernetes);
}

/** The engine of a sandbox that runs, for whoever asks now: their PATH, and no attempt to install anything. */
export async function currentEngine(kubernetes: KubernetesVersion): Promise<Engine> {
  const fetched = installedCli(pulumiVersion);
  const present = fetched ? { directory: fetched, version: pulumiVersion } : own();
  return describeEngine((await pulumiOnPath()) ?? present, installedPlugins(), kubernetes);
}

/** The one this project compiles. */
function own(): PulumiProgram {
  return { directory: toolDirectory("pulumi"), version: pulumiVersion };
}

/** @param kubernetes whose kubectl it has beside it */
function describeEngine(
  { directory, version }: PulumiProgram,
  plugins: Plugins,
  kubernetes: KubernetesVersion = KUBERNETES_VERSIONS[0],
): Engine {
  const binaries = join(links, "bin");
  linkExactly(binaries, {
    node: process.execPath,
    pulumi: join(directory, "pulumi"),
    kubectl: join(toolDirectory(KUBERNETES[kubernetes].family), "kubectl"),
    etcd: join(toolDirectory("etcd"), "server"),
  });
  const standIns = linkPlugins(plugins, directory);
  return {
    engine: { version },
    plugins,
    env: engineEnvironment(directory, standIns, binaries, plugins),
    binaries,
  };
}
