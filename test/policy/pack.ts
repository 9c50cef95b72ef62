/** Runs a policy as the SDK does: its properties behind the proxy that throws on unknown values. */
import { type ResourceValidationArgs, unknownCheckingProxy } from "@pulumi/policy";
import { RULES } from "../../core/rules/index.ts";
import type { PackConfig } from "../../policy/defaults.ts";
import { policyOf } from "../../policy/policies.ts";

/** What the engine sends in place of a text that is not known yet. */
export const UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export interface Planted {
  readonly type: string;
  readonly name?: string;
  readonly parent?: string;
  readonly provider?: Record<string, unknown>;
  readonly protect?: boolean;
  readonly props: Record<string, unknown>;
}

/** The messages of every policy, each with its policy's name in front. */
export function packSays(resource: Planted, config: Partial<PackConfig> = {}): string[] {
  return RULES.flatMap((rule) => {
    const messages: string[] = [];
    const { validateResource } = policyOf(rule);
    if (typeof validateResource !== "function") throw new Error("one validation a policy");
    void validateResource(argsOf(resource, config), (message) => messages.push(`${rule.id} ${message}`));
    return messages;
  });
}

export const rulesSaid = (messages: readonly string[]): string[] => [
  ...new Set(messages.map((message) => message.slice(0, message.indexOf(" ")))),
];

export function argsOf(
  { type, name = "planted", parent, provider, protect = false, props }: Planted,
  config: Partial<PackConfig>,
): ResourceValidationArgs {
  return {
    type,
    name,
    props: unknownCheckingProxy(props),
    urn: `urn:pulumi:test::planted::${parent ? `${parent}$` : ""}${type}::${name}`,
    opts: {
      protect,
      ignoreChanges: [],
      aliases: [],
      additionalSecretOutputs: [],
      customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
    },
    ...(provider
      ? { provider: { type: "pulumi:providers:x", name: "x", urn: "urn", props: unknownCheckingProxy(provider) } }
      : {}),
    stackTags: new Map(),
    isType: () => false,
    asType: () => undefined,
    getConfig: <T extends object>() => config as T,
    notApplicable: () => {
      throw new Error("not applicable");
    },
  };
}

/**
 * The content of a file for `--policy-pack-config`: every policy configured alike.
 *
 * @param config what differs from the pack's defaults
 */
export function packConfig(config: Partial<PackConfig>): Readonly<Record<string, Partial<PackConfig>>> {
  return Object.fromEntries(RULES.map(({ id }) => [id, config]));
}
