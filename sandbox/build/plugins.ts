/** Pulumi's resource plugins: the official ones where they can be installed, the stand-ins elsewhere. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { linkExactly } from "../../base/links.ts";
import { cache, links, pulumiHome, repository, standIns } from "../../base/paths.ts";
import { note } from "../../base/progress.ts";
import { attempt } from "../command.ts";
import { triedLately } from "./installer.ts";

/** `offline`: the stand-in. */
type PluginOrigin = "official" | "offline";
export type Plugins = Readonly<Record<"kubernetes" | "command", PluginOrigin>>;

/** The engine keeps everything in the cache, and asks nobody for a newer one. */
const pulumiEnvironment = { PULUMI_HOME: pulumiHome, PULUMI_SKIP_UPDATE_CHECK: "true" } as const;

const names = ["kubernetes", "command"] as const;
/** Milliseconds for an installation: a plugin is some 50 MB, and without internet the attempt never ends by itself. */
const DEADLINE_MS = 20_000;

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
 * Links the stand-ins that are needed into a directory for PATH. One by one, because an executable on PATH is
 * preferred to an installed plugin.
 *
 * @param engine directory of the pulumi program; the official CLI brings its own language host and policy analyzer
 */
export function linkPlugins(plugins: Plugins, engine: string): string {
  const directory = join(links, "plugins");
  const needed = readdirSync(join(standIns, "bin")).filter((plugin) => {
    const resource = names.find((name) => plugin === `pulumi-resource-${name}`);
    return resource ? plugins[resource] === "offline" : !existsSync(join(engine, plugin));
  });
  linkExactly(directory, Object.fromEntries(needed.map((plugin) => [plugin, join(standIns, "bin", plugin)])));
  return directory;
}

/**
 * What the engine has to be run with, besides the backend, which is the caller's.
 *
 * @param standInLinks directory of the stand-ins' links
 * @param programs directory with links to this very Node and to the engine: beside an engine of the machine there may be an
 *   older Node, and the language host takes the first of PATH
 */
export function engineEnvironment(
  engine: string,
  standInLinks: string,
  programs: string,
  origins: Plugins,
): Record<string, string> {
  const offline = Object.values(origins).includes("offline");
  const path = [standInLinks, programs, engine, process.env.PATH ?? ""];
  return {
    PATH: [...new Set(path.join(delimiter).split(delimiter))].join(delimiter),
    ...pulumiEnvironment,
    // Else kubectl keeps what it learns of this short-lived cluster in the home directory.
    KUBECACHEDIR: join(cache, "kube"),
    // Asked for a plugin that it does not find, the engine would look for it on the internet for minutes.
    ...(offline && { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" }),
  };
}

async function install(pulumi: string, name: string): Promise<PluginOrigin> {
  const version = versionOf(name);
  if (isInstalled(name)) return "official";
  const failureMark = join(pulumiHome, `${name}-${version}.unavailable`);
  if (triedLately(failureMark)) return "offline";
  const env = { ...process.env, ...pulumiEnvironment };
  mkdirSync(pulumiHome, { recursive: true });
  const { code, late } = await attempt(pulumi, ["plugin", "install", "resource", name, version], {
    env,
    deadline: DEADLINE_MS,
  });
  if (code === 0) return "official";
  if (late) note(`plugin ${name} ${version}: not installed within ${DEADLINE_MS / 1000} s; tried again after an hour`);
  writeFileSync(failureMark, late ? "late" : "failed");
  return "offline";
}

/** Wholly: beside a plugin whose installation was cut off, the engine leaves a file that ends in `.partial`. */
export function isInstalled(name: string, home = pulumiHome): boolean {
  const directory = join(home, "plugins", `resource-${name}-v${versionOf(name)}`);
  return existsSync(directory) && !existsSync(`${directory}.partial`);
}

/** Of the SDK that is installed, which is the plugin's own. */
export function versionOf(name: string): string {
  return JSON.parse(readFileSync(join(repository, "node_modules/@pulumi", name, "package.json"), "utf8")).version;
}
