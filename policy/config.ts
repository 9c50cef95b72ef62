/** The pack's own configuration. It is independent of the stack's on purpose: a typo there must not change what is allowed. */
import { join } from "node:path";
import type { PolicyConfigSchema } from "@pulumi/policy";
import { admission } from "../core/admission/index.ts";
import { type Allowed, allowedBy } from "../core/rules/index.ts";
import { probeScripts } from "../probe/scripts.ts";
import { DEFAULTS, type PackConfig } from "./defaults.ts";

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

/** A policy's configuration as the rules take it. */
interface Confinement {
  readonly allowed: Allowed;
  readonly scope: PackConfig["scope"];
}

/** Each policy asks for every resource, and is nearly always configured alike. */
const confinements = new Map<string, Confinement>();

/** @param given what the configuration says; the defaults complete it */
export function confinementOf(given: Partial<PackConfig>): Confinement {
  const key = JSON.stringify(given);
  const known = confinements.get(key);
  if (known) return known;
  const { scope, ...place } = { ...DEFAULTS, ...given };
  const confined = { ...allowedBy(place), scripts: SCRIPTS };
  const fresh: Confinement = {
    allowed: { ...confined, root: ROOT, policies: admission({ ...confined, sweep: true }) },
    scope,
  };
  confinements.set(key, fresh);
  return fresh;
}
