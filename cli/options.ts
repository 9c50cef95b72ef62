/** What several verbs take in the same way: which stack, which settings, which cluster. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Option } from "commander";
import { parse } from "yaml";
import { repository } from "../base/paths.ts";
import { UserError } from "../base/problem.ts";
import { PROJECT } from "../core/contract/names.ts";
import { parseSettings, type Settings } from "../core/settings/settings.ts";
import { requireStackName } from "./stack/name.ts";

export interface SettingsOptions {
  readonly stack: string;
  readonly node?: string[];
  readonly scenario?: string[];
  readonly set?: string[];
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** Which cluster is meant. */
export const clusterOptions = (): Option[] => [
  new Option("--kubeconfig <path>", "use this kubeconfig instead of $KUBECONFIG or ~/.kube/config"),
  new Option("--context <name>", "use this context of the kubeconfig"),
];

/** The options, for commander's addOption. */
export const settingsOptions = (): Option[] => [
  new Option("-s, --stack <name>", "take the settings of Pulumi.<name>.yaml").default("homelab"),
  new Option("-n, --node <name...>", "these nodes instead of the stack's"),
  new Option(
    "--scenario <name...>",
    "these scenarios instead of the stack's: names, all, and '!name' to leave one out",
  ),
  new Option(
    "--set <key=value...>",
    "change single settings; keys are those of Pulumi.yaml, as deep as resources.producer.limits.memory; a value may be JSON, or @FILE for what a file holds",
  ),
  ...clusterOptions(),
];

export const stdinOption = (): Option =>
  new Option("--stdin", "read the settings as JSON from standard input instead of a stack");

/** The settings of `--stdin`, unchecked. */
export const stdinSettings = async (): Promise<Record<string, unknown>> =>
  JSON.parse(await text(process.stdin)) as Record<string, unknown>;

/**
 * The settings as given, unchecked: the stack's, then what the command line changes.
 *
 * @param base in place of the stack's file
 * @throws UserError where the stack's file is missing or no YAML.
 */
export function givenSettings(
  options: SettingsOptions,
  base: Readonly<Record<string, unknown>> = stackSettings(options.stack),
): Record<string, unknown> {
  const given: Record<string, unknown> = {
    ...base,
    ...saidSettings(options, base),
    ...(options.kubeconfig ? { kubeconfig: options.kubeconfig } : {}),
    ...(options.context ? { context: options.context } : {}),
  };
  const encrypted = Object.keys(given).find((key) => Object.hasOwn(Object(given[key]), "secure"));
  if (encrypted !== undefined)
    throw new UserError(`${encrypted} of Pulumi.${options.stack}.yaml is encrypted, and only Pulumi can decrypt it`, {
      remedy: `give it with --set ${encrypted}=@FILE, or run the stack with \`npm run up\``,
    });
  return given;
}

/**
 * What the command line itself says, in words that no stack can change.
 *
 * @param base what a key with dots, such as resources.producer.limits.memory, leaves as it is
 */
export function saidSettings(
  { set = [], node, scenario }: SettingsOptions,
  base: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const said: Record<string, unknown> = {};
  for (const text of set) {
    const at = text.indexOf("=");
    // What is no key may be a secret of its own.
    if (at < 1)
      throw new UserError(`--set ${/^\w*/.exec(text)?.[0]} has no value`, {
        remedy: "write --set key=value, or key=@FILE for the content of a file",
      });
    const [key, value] = [text.slice(0, at), text.slice(at + 1)];
    const decoded = decode(value.startsWith("@") ? contentOf(key, value.slice(1)) : value);
    const [first = "", ...below] = key.split(".");
    said[first] = placed(said[first] ?? base[first], below, decoded);
  }
  return {
    ...said,
    ...(node ? { nodes: node } : {}),
    ...(scenario ? { scenarios: scenario } : {}),
  };
}

/** A value in a map of maps; what is no map gives way, for the settings' check to judge. */
function placed(there: unknown, [first, ...below]: readonly string[], value: unknown): unknown {
  if (first === undefined) return value;
  const map = typeof there === "object" && !Array.isArray(there) ? (there as Record<string, unknown>) : {};
  return { ...map, [first]: placed(map?.[first], below, value) };
}

/** @throws SettingsError naming every fault; UserError as givenSettings. */
export const readSettings = (options: SettingsOptions): Settings => parseSettings(givenSettings(options));

function stackSettings(stack: string): Record<string, unknown> {
  const file = join(repository, `Pulumi.${requireStackName(stack)}.yaml`);
  if (!existsSync(file))
    throw new UserError(`there is no stack file Pulumi.${stack}.yaml`, {
      remedy: `make one with \`pulumi stack init ${stack}\` and \`pulumi config set\`, or name another with --stack`,
    });
  let config: Record<string, unknown>;
  try {
    config = (parse(readFileSync(file, "utf8")) as { config?: Record<string, unknown> } | null)?.config ?? {};
  } catch (error) {
    throw new UserError(`Pulumi.${stack}.yaml is not YAML: ${(error as Error).message}`, {
      remedy: "correct that line",
    });
  }
  const own = Object.entries(config).filter(([key]) => key.startsWith(`${PROJECT}:`));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(PROJECT.length + 1), value]));
}

/** As a shell's `$(cat FILE)` gives it, but on no command line, where every user of the machine could read it. */
function contentOf(key: string, file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/\n+$/, "");
  } catch (error) {
    throw new UserError(`--set ${key}=@${file}: ${(error as Error).message}`, {
      remedy: "name a file that can be read",
    });
  }
}

function decode(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
