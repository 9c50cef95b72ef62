/** Names and kinds: which object in the cluster belongs to a resource. */
import { randomInt } from "node:crypto";
import { isRecord, textAt } from "../protocol/paths.ts";
import type { Bag } from "../protocol/values.ts";

const AUTONAMED = "pulumi.com/autonamed";
const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

/** A resource without `metadata.name` gets its logical name and seven random letters, and keeps them from then on. */
export function withName(inputs: Bag, olds: Bag, logicalName: string): Bag {
  const metadata = isRecord(inputs.metadata) ? inputs.metadata : {};
  if (metadata.name !== undefined || metadata.generateName !== undefined) return inputs;
  const earlier = isAutonamed(olds) ? textAt(olds, "metadata", "name") : undefined;
  const suffix = Array.from({ length: 7 }, () => LETTERS[randomInt(LETTERS.length)]).join("");
  const annotations = { ...(isRecord(metadata.annotations) ? metadata.annotations : {}), [AUTONAMED]: "true" };
  return {
    ...inputs,
    metadata: { ...metadata, name: earlier ?? `${logicalName}-${suffix}`.toLowerCase(), annotations },
  };
}

export function isAutonamed(object: Bag): boolean {
  return annotation(object, AUTONAMED) === "true";
}

export function annotation(object: Bag, key: string): string | undefined {
  return textAt(object, "metadata", "annotations", key);
}

/** `namespace/name`, or `name` for an object outside namespaces. */
export function idOf(object: Bag): string {
  return [textAt(object, "metadata", "namespace"), textAt(object, "metadata", "name")].filter(Boolean).join("/");
}

export function partsOfId(id: string): { readonly name: string; readonly namespace?: string } {
  const [first = "", second] = id.split("/");
  return second === undefined ? { name: first } : { namespace: first, name: second };
}

/** `kubernetes:core/v1:Pod` is kind Pod of `v1`; `kubernetes:apps/v1:Deployment` of `apps/v1`. */
export function kindOfType(type: string): { readonly apiVersion: string; readonly kind: string } {
  const [, apiVersion = "", kind = ""] = type.split(":");
  return { apiVersion: apiVersion.replace(/^core\//, ""), kind };
}
