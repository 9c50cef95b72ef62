import type { ResourceValidationArgs } from "@pulumi/policy";
import { type Allowed, type Resource, UNKNOWN } from "../core/rules/index.ts";
import { propertiesOf } from "./properties.ts";

type Fields = Readonly<Record<string, unknown>>;

/** All children of the component are the test's. */
const COMPONENT = "fuse-propagation-test:index:";

/**
 * Whether a resource of a stack that holds other things as well concerns the test: it lies in the test's namespace (or may,
 * or is it), reaches the bridge, or is a part of the component.
 */
export function touches(
  props: unknown,
  resource: Resource,
  allowed: Allowed,
  { urn, provider }: Pick<ResourceValidationArgs, "urn" | "provider">,
): boolean {
  if (resource.type.startsWith(COMPONENT) || urn.includes(`$${COMPONENT}`) || urn.includes(`::${COMPONENT}`))
    return true;
  if (!resource.type.startsWith("kubernetes:")) return false;
  const defaults = field(propertiesOf(provider?.props), "namespace");
  const metadata = field(props, "metadata");
  const places = [metadata, field(metadata, "namespace") ?? defaults, field(metadata, "name")];
  return places.some((place) => place === UNKNOWN || place === allowed.namespace) || mentions(props, allowed);
}

const field = (of: unknown, key: string): unknown =>
  typeof of === "object" && of !== null ? ((of as Fields)[key] ?? undefined) : undefined;

/** Anywhere in the inputs: a list's entries, a chart's values, a volume's path. */
function mentions(value: unknown, allowed: Allowed): boolean {
  if (typeof value === "string") return value === allowed.namespace || value.startsWith(allowed.bridge);
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some((one) => mentions(one, allowed));
}
