/** Pulumi's resource plugins: the official ones where they can be installed, the sandbox's offline ones elsewhere. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { attempt } from "../../base/command.ts";
import { linkExactly } from "../../base/links.ts";
import { cache, links, pulumiHome, repository, standIns } from "../../base/paths.ts";
import { note } from "../../base/progress.ts";
import { triedLately } from "./installer.ts";

export type PluginOrigin = "official" | "offline";
export type Plugins = Readonly<Record<"kubernetes" | "command", PluginOrigin>>;

const names = ["kubernetes", "command"] as const;
/** Milliseconds for an installation: a plugin is some 50 MB, and without internet the attempt never ends by itself. */
const deadline = 20_000;

/** Tries the official plugins, both at a time. @param pulumi path of the engine */
export async function installPlugins(pulumi: string): Promise<Plugins> {
  const known = installedPlugins();
  if (!Object.values(known).includes("offline")) return known;
  const [kubernetes, command] = await Promise.all(names.map((name) => install(pulumi, name)));
  return { kubernetes: kubernetes ?? "offline", command: command ?? "offline" };
}

/** Which would run now, without an attempt to install any. */
export function installedPlugins(): Plugins {
  const origin = (name: string): PluginOrigin => (isInstalled(name) ? "official" : "offline");
  return { kubernetes: origin("kubernetes"), command: origin("command") };
}

/**
 * Links the offline plugins that are needed into a directory for PATH. One by one, because an executable on PATH is
 * preferred to an installed plugin.
 *
 * @param engine directory of the pulumi program; the official CLI brings its own language host and policy analyzer
 */
export function linkPlugins(plugins: Plugins, engine: string): string {
  const directory = join(links, "plugins");
  const shims = readdirSync(join(standIns, "bin")).filter((shim) => {
    const resource = names.find((name) => shim === `pulumi-resource-${name}`);
    return resource ? plugins[resource] === "offline" : !existsSync(join(engine, shim));
  });
  linkExactly(directory, Object.fromEntries(shims.map((shim) => [shim, join(standIns, "bin", shim)])));
  return directory;
}

/**
 * What the engine has to be run with, besides the backend, which is the caller's.
 *
 * @param programs directory with links to this very Node and to the engine: beside an engine of the machine there may be an
 *   older Node, and the language host takes the first of PATH
 */
export function engineEnvironment(
  engine: string,
  shims: string,
  programs: string,
  plugins: Plugins,
): Record<string, string> {
  const offline = Object.values(plugins).includes("offline");
  const path = [shims, programs, engine, process.env.PATH ?? ""];
  return {
    PATH: [...new Set(path.join(delimiter).split(delimiter))].join(delimiter),
    PULUMI_HOME: pulumiHome,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // Else kubectl keeps what it learns of this short-lived cluster in the home directory.
    KUBECACHEDIR: join(cache, "kube"),
    // Asked for a plugin that it does not find, the engine would look for it on the internet for minutes.
    ...(offline && { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" }),
  };
}

async function install(pulumi: string, name: string): Promise<PluginOrigin> {
  const version = versionOf(name);
  if (isInstalled(name)) return "official";
  const mark = join(pulumiHome, `${name}-${version}.unavailable`);
  if (triedLately(mark)) return "offline";
  const env = { ...process.env, PULUMI_HOME: pulumiHome, PULUMI_SKIP_UPDATE_CHECK: "true" };
  mkdirSync(pulumiHome, { recursive: true });
  const { code, late } = await attempt(pulumi, ["plugin", "install", "resource", name, version], { env, deadline });
  if (code === 0) return "official";
  if (late) note(`plugin ${name} ${version}: not installed within ${deadline / 1000} s; tried again after an hour`);
  writeFileSync(mark, late ? "late" : "failed");
  return "offline";
}

/** Wholly: beside a plugin whose installation was cut off, the engine leaves a file that ends in `.partial`. */
export function isInstalled(name: string, home = pulumiHome): boolean {
  const directory = join(home, "plugins", `resource-${name}-v${versionOf(name)}`);
  return existsSync(directory) && !existsSync(`${directory}.partial`);
}

export function versionOf(name: string): string {
  return JSON.parse(readFileSync(join(repository, "node_modules/@pulumi", name, "package.json"), "utf8")).version;
}
