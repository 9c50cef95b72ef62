import { isDeepStrictEqual } from "node:util";
import { isFluxKustomization, isKustomization } from "./gitops.ts";
import { CLUSTER_SCOPED, typeToken } from "./kinds.ts";
import type { Look } from "./look.ts";
import { isOpaque } from "./noOpaqueSources.ts";
import type { Rule } from "./rule.ts";

const KNOWN: ReadonlySet<string> = new Set(["v1 Namespace", "v1 ConfigMap", "v1 Pod"]);

/** What the engine and the component themselves register. */
const OWN_TYPES: ReadonlySet<string> = new Set([
  "pulumi:pulumi:Stack",
  "pulumi:pulumi:StackReference",
  "pulumi:providers:kubernetes",
  "pulumi:providers:command",
  "command:local:Command",
]);

export const knownKindsOnly: Rule = {
  id: "known-kinds-only",
  severity: "high",
  title: "Nothing is made but a namespace, config maps, pods, and what the component itself makes.",
  remedy:
    "make only Namespace, ConfigMap and Pod of v1; keep other things in a stack of their own (or use scope namespace)",
  check(look) {
    const { resource, kind, apiVersion } = look.subject;
    if (isOpaque(look)) return;
    if (resource && !typeToken(resource.type) && kind === "") {
      // A component is nothing but its children, and those are judged one by one.
      if (!resource.component && !OWN_TYPES.has(resource.type))
        look.veiled(look.object, `of type ${resource.type} is not part of this test`);
    } else if (resource && typeToken(resource.type)?.patch) {
      look.veiled(look.object, "is a patch: it changes an object that others made");
    } else objectKind(look, `${apiVersion} ${kind}`);
  },
};

function objectKind(look: Look, what: string): void {
  // Both are read through the cursor, so that an unknown one is reported.
  const at = look.object.get("kind");
  if (look.object.get("apiVersion").unknown || at.unknown) return;
  if (KNOWN.has(what) || isOwnPolicy(look) || (look.allowed.files && inFiles(look, what))) return;
  const scope = CLUSTER_SCOPED.has(look.subject.kind) ? "belongs to the whole cluster" : "is not part of this test";
  look.veiled(at, `(${what}) ${scope}`);
}

/** A policy that confines the test is let through as it was generated; another one could let anything through. */
function isOwnPolicy({ allowed, subject: { object, kind, apiVersion }, name }: Look): boolean {
  if (apiVersion !== "admissionregistration.k8s.io/v1") return false;
  return (allowed.policies ?? []).some(
    (own) => own.kind === kind && own.metadata.name === name && isDeepStrictEqual(object.spec, own.spec),
  );
}

function inFiles(look: Look, what: string): boolean {
  const plainList = what === "v1 List" && Array.isArray(look.subject.object.items);
  return plainList || isFluxKustomization(look) || isKustomization(look);
}
