/** The pack's own configuration. It is independent of the stack's on purpose: a typo there must not change what is allowed. */
import { join } from "node:path";
import type { PolicyConfigSchema } from "@pulumi/policy";
import { admission } from "../core/admission/index.ts";
import { type Allowed, HOMELAB, RULES } from "../core/rules/index.ts";
import { probeScripts } from "../probe/scripts.ts";

/** What each policy can be told. */
export interface PackConfig {
  readonly nodes: readonly string[];
  readonly namespace: string;
  readonly bridge: string;
  /** Empty: none. */
  readonly command: string;
  /** `stack`: everything in the stack is judged; `namespace`: only what touches the test. */
  readonly scope: "stack" | "namespace";
}

const DEFAULTS: PackConfig = {
  nodes: HOMELAB.nodes,
  namespace: HOMELAB.namespace,
  bridge: HOMELAB.bridge,
  command: "",
  scope: "stack",
};

export const configSchema: PolicyConfigSchema = {
  properties: {
    nodes: {
      type: "array",
      items: { type: "string", minLength: 1 },
      minItems: 1,
      default: [...DEFAULTS.nodes],
      description: "Nodes the pods may run on, each by its metadata.name.",
    },
    namespace: { type: "string", minLength: 1, default: DEFAULTS.namespace, description: "The test's namespace." },
    bridge: {
      type: "string",
      pattern: "^/[^/]+/.*[^/]$",
      default: DEFAULTS.bridge,
      description: "The one directory of a node that pods may mount.",
    },
    command: {
      type: "string",
      default: DEFAULTS.command,
      description: "The shell command that the privileged container may run as its daemon; empty: none.",
    },
    scope: {
      type: "string",
      enum: ["stack", "namespace"],
      default: DEFAULTS.scope,
      description: "stack: everything in the stack is judged; namespace: only what touches the test.",
    },
  },
};

/** The checkout: commands must run from it. */
const ROOT = join(import.meta.dirname, "..");

const SCRIPTS = probeScripts();

interface Told {
  readonly allowed: Allowed;
  readonly scope: PackConfig["scope"];
}

/** Each policy asks for every resource, and is nearly always told the same. */
const told = new Map<string, Told>();

/** What a policy was told, completed, as the rules take it. */
export function allowedBy(given: Partial<PackConfig>): Told {
  const key = JSON.stringify(given);
  const known = told.get(key);
  if (known) return known;
  const { scope, command, ...place } = { ...DEFAULTS, ...given };
  const confined = { ...place, ...(command === "" ? {} : { command }), scripts: SCRIPTS };
  const fresh: Told = {
    allowed: { ...confined, root: ROOT, policies: admission({ ...confined, sweep: true }) },
    scope,
  };
  told.set(key, fresh);
  return fresh;
}

/**
 * The content of a file for `--policy-pack-config`: every policy told the same.
 *
 * @param config what differs from the homelab
 */
export function packConfig(config: Partial<PackConfig>): Readonly<Record<string, Partial<PackConfig>>> {
  return Object.fromEntries(RULES.map(({ id }) => [id, config]));
}
