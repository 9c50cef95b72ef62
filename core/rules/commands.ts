import { parseCommandLine } from "../contract/commands.ts";
import type { Cursor } from "./cursor.ts";
import type { Review } from "./review.ts";

/** Fields that have no influence on what is run. */
const HARMLESS: ReadonlySet<string> = new Set(["dir", "stdin", "triggers", "logging"]);
const COMMANDS: ReadonlySet<string> = new Set(["create", "update", "delete"]);

/** What makes a `command:local:Command` another's: none for the component's own. The texts may hold secrets. */
export function foreignParts(review: Review): { readonly at: Cursor; readonly words: string }[] {
  const { object, allowed } = review;
  const parts: { at: Cursor; words: string }[] = [];
  for (const field of object.entries()) {
    if (field.empty || HARMLESS.has(String(field.key))) continue;
    if (!COMMANDS.has(String(field.key))) parts.push({ at: field, words: "changes what the command runs" });
    else if (!parseCommandLine(field.text ?? ""))
      parts.push({ at: field, words: "runs something else than this test" });
  }
  const dir = object.get("dir");
  if (allowed.root === undefined || dir.text !== allowed.root)
    parts.push({ at: dir, words: "is not this project's directory" });
  return [...parts, ...foreignSettings(review)];
}

/** The settings are JSON on standard input; the sweep unmounts where they say. */
function foreignSettings({ object, allowed }: Review): { readonly at: Cursor; readonly words: string }[] {
  const at = object.get("stdin");
  if (at.unknown) return [];
  const { nodes, namespace, bridge } = settingsIn(at.text ?? "");
  const words: string[] = [];
  if (!Array.isArray(nodes) || nodes.length === 0 || !nodes.every((node) => allowed.nodes.includes(node)))
    words.push(`names other nodes than ${allowed.nodes.join(", ")}`);
  if (namespace !== allowed.namespace) words.push(`names another namespace than ${allowed.namespace}`);
  if (bridge !== allowed.bridge) words.push(`names another bridge than ${allowed.bridge}`);
  return words.length > 0 ? [{ at, words: words.join(" and ") }] : [];
}

function settingsIn(text: string): { nodes?: unknown; namespace?: unknown; bridge?: unknown } {
  try {
    return (JSON.parse(text) as object | null) ?? {};
  } catch {
    return {};
  }
}
