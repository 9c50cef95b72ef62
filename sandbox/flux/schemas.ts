/**
 * JSON schemas for kubeconform, made from what the cluster itself says of its objects: no schema is downloaded, and the
 * version is the cluster's own.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../base/stop.ts";
import { SandboxError } from "../problem.ts";
import type { Kubectl } from "./kubectl.ts";

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly "x-kubernetes-group-version-kind"?: readonly {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
  }[];
  readonly [key: string]: unknown;
}

/** kubeconform's --schema-location for a directory written by `writeSchemas`. */
export const schemaLocation = (directory: string): string =>
  join(directory, "{{ .ResourceKind }}-{{ .Group }}-{{ .ResourceAPIVersion }}.json");

/**
 * Writes one strict schema a kind: a field that is not in it is an error.
 *
 * @throws SandboxError where the cluster does not know one of the kinds; those of new CRDs take it some seconds
 */
export async function writeSchemas(kubectl: Kubectl, kinds: readonly string[], directory: string): Promise<void> {
  const schemas = await until(async () => schemasOf(kubectl, kinds), {
    every: 500,
    within: 30_000,
    late: () =>
      new SandboxError(`the cluster has no schema of ${kinds.join(", ")}`, "Check that their CRDs are there."),
  });
  mkdirSync(directory, { recursive: true });
  for (const [file, schema] of schemas) writeFileSync(join(directory, file), JSON.stringify(schema));
}

/** By file name; undefined while one of the kinds is missing. */
async function schemasOf(kubectl: Kubectl, kinds: readonly string[]): Promise<Map<string, Schema> | undefined> {
  const { definitions } = JSON.parse(await kubectl.run(["get", "--raw", "/openapi/v2"])) as {
    readonly definitions: Readonly<Record<string, Schema>>;
  };
  const strict = Object.fromEntries(Object.entries(definitions).map(([name, schema]) => [name, closed(schema)]));
  const found = new Map<string, Schema>();
  const missing = new Set(kinds);
  for (const schema of Object.values(strict)) {
    for (const { group, version, kind } of schema["x-kubernetes-group-version-kind"] ?? []) {
      if (!kinds.includes(kind) || !schema.properties) continue;
      missing.delete(kind);
      // To kubeconform the core group is called by its version.
      found.set(`${kind.toLowerCase()}-${group || version}-${version}.json`, { ...schema, definitions: strict });
    }
  }
  return missing.size === 0 ? found : undefined;
}

/** The API server drops unknown fields with a warning only; here they are faults. */
function closed(schema: Schema): Schema {
  if (!schema.properties) return schema;
  const properties = Object.fromEntries(Object.entries(schema.properties).map(([name, each]) => [name, closed(each)]));
  return { ...schema, properties, additionalProperties: false };
}
