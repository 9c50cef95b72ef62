/**
 * The program that the engine starts in place of a plugin (see README.md).
 *
 *   node main.ts PLUGIN ARGUMENTS...
 *
 * Each plugin's modules are loaded only where it is the one that is asked for: the engine waits for every start.
 */
import { readFileSync } from "node:fs";
import type { Provider, Reporter } from "./protocol/provider.ts";

const STAND_INS: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  "pulumi-language-nodejs": async (args) =>
    (await import("./language/host.ts")).serveLanguage(versionOf("@pulumi/pulumi"), args),
  "pulumi-resource-command": async (args) =>
    serveProvider(versionOf("@pulumi/command"), args, (await import("./command/provider.ts")).commandProvider),
  "pulumi-resource-kubernetes": async (args) =>
    serveProvider(versionOf("@pulumi/kubernetes"), args, (await import("./kubernetes/provider.ts")).kubernetesProvider),
};

const [plugin = "", ...args] = process.argv.slice(2);
const serve = STAND_INS[plugin];
if (serve) await serve(args);
else {
  console.error(`There is no stand-in for "${plugin}"; there are ${Object.keys(STAND_INS).join(", ")}.`);
  process.exitCode = 2;
}

async function serveProvider(version: string, args: readonly string[], create: (reporter: Reporter) => Provider) {
  const { serve } = await import("./protocol/serve.ts");
  await serve(version, args, create);
}

/** A plugin has the version of its SDK, which the project pins. */
function versionOf(sdk: string): string {
  const { dependencies } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return dependencies[sdk];
}
