import { foreignParts } from "./commands.ts";
import { rewrites } from "./gitops.ts";
import { listed, typeToken, withoutPatch } from "./kinds.ts";
import type { Look } from "./look.ts";
import type { Rule } from "./rule.ts";

/** Types of resources that make objects which no preview shows. */
const OPAQUE_TYPE = /^(kubernetes:(helm\.sh|yaml|kustomize)(\/|:)|command:(?!local:Command$)|[^:]*:dynamic)/;

/** Kinds that make a controller fetch and apply what is not here. */
const OPAQUE_KIND =
  /^(helm\.toolkit\.fluxcd\.io\/\S+ HelmRelease|helm\.cattle\.io\/\S+ HelmChart(Config)?|argoproj\.io\/\S+ Application(Set)?)$/;

export const isOpaque = ({ subject: { apiVersion, kind, resource } }: Look): boolean =>
  OPAQUE_KIND.test(`${apiVersion} ${kind}`) || OPAQUE_TYPE.test(resource?.type ?? "");

export const noOpaqueSources: Rule = {
  id: "no-opaque-sources",
  severity: "high",
  title: "Everything that will be made can be seen and judged beforehand.",
  remedy: "write the objects out, as plain manifests or resources",
  check(look) {
    const { resource, kind, apiVersion } = look.subject;
    if (isOpaque(look))
      look.veiled(look.object, `of type ${resource?.type ?? kind} makes objects that nobody sees here`);
    else if (resource?.type === "command:local:Command")
      for (const { at, words } of foreignParts(look)) look.veiled(at, words);
    for (const { at, words } of rewrites(look)) look.veiled(at, words);
    if (resource?.component && resource.children === 0)
      look.veiled(look.object, `is a component (${resource.type}) without children: what it makes is hidden`);
    disagreement(look, apiVersion, kind);
  },
};

/** The API server makes what the inputs say, whatever the resource calls itself. */
function disagreement(look: Look, apiVersion: string, kind: string): void {
  const { resource, prefix } = look.subject;
  const token = resource ? typeToken(resource.type) : undefined;
  if (!token || prefix.length > 0) return;
  const at = look.object.get("kind");
  if (!at.absent && withoutPatch(kind) !== token.kind) look.fault(at, `is not what the resource says: ${token.kind}`);
  const version = look.object.get("apiVersion");
  if (!version.absent && apiVersion !== token.apiVersion)
    look.fault(version, `is not what the resource says: ${token.apiVersion}`);
  if (listed(token.kind) !== undefined && look.object.get("items").absent)
    look.veiled(look.object.get("items"), "is missing from a list");
}
