/** The config block of Pulumi.yaml, from the schema of the settings: keys, types, descriptions with their units, defaults. */
import { stringify } from "yaml";
import { z } from "zod";
import { PROJECT } from "../../core/contract/names.ts";
import { GROUPS } from "../../core/settings/schema.ts";

const START = "config:\n";

/**
 * Pulumi.yaml with its config block brought up to date; what stands before the block, which is the file's last, stays.
 *
 * @param text the file as it is
 */
export function pulumiYaml(text: string): string {
  const cut = text.search(/^config:$/m);
  return `${cut < 0 ? text : text.slice(0, cut)}${START}${Object.values(GROUPS).map(group).join("")}`;
}

interface Group {
  readonly title: string;
  readonly shape: Readonly<Record<string, z.ZodType>>;
}

const group = ({ title, shape }: Group): string =>
  [`  # ${title}.\n`, ...Object.entries(shape).map(([key, field]) => declaration(key, field))].join("");

/** @returns the lines that declare one setting to Pulumi */
function declaration(key: string, field: z.ZodType): string {
  const { type, items } = z.toJSONSchema(field, { io: "input", unrepresentable: "any" }) as JsonSchema;
  const optional = field.safeParse(undefined).success;
  return [
    `  ${PROJECT}:${key}:\n`,
    `    description: ${inline(field.description)}\n`,
    `    type: ${type}\n`,
    ...(items ? [`    items: { type: ${items.type} }\n`] : []),
    ...(optional ? [] : ["    # There is none; but Pulumi itself would refuse a missing key, without a remedy.\n"]),
    `    default:${optional ? value(field.parse(undefined)) : " []\n"}`,
  ].join("");
}

interface JsonSchema {
  readonly type: string;
  readonly items?: JsonSchema;
}

/** A map key by key, a line each; anything else in one line. */
function value(of: unknown): string {
  if (typeof of !== "object" || of === null || Array.isArray(of)) return ` ${inline(of)}\n`;
  return `\n${Object.entries(of)
    .map(([key, below]) => `      ${key}: ${inline(below)}\n`)
    .join("")}`;
}

/** A value as YAML in one line. */
const inline = (of: unknown): string => stringify(of, { collectionStyle: "flow", lineWidth: 0 }).trimEnd();
