import type { Cursor as At } from "./cursor.ts";
import type { Review as Look } from "./review.ts";

/**
 * The commands of the component: this project's own, told their settings on standard input. Options that would name another
 * node, cluster or stack are not among them.
 */
const OWN_COMMAND =
  /^sh cli\/node\.sh cli\/(collect|sweep|export)\.ts --stdin(?: --(?:nodes-only|json|enable|disable|remove|force|flux-kustomization|(?:run|fail-on) [A-Za-z0-9][A-Za-z0-9-]*))*$/;

/** Fields that have no influence on what is run. */
const HARMLESS: ReadonlySet<string> = new Set(["dir", "stdin", "triggers", "logging"]);
const COMMANDS: ReadonlySet<string> = new Set(["create", "update", "delete"]);

/** What makes a `command:local:Command` another's: none for the component's own. The texts may hold secrets. */
export function foreignParts(look: Look): { readonly at: At; readonly words: string }[] {
  const { object, allowed } = look;
  const parts: { at: At; words: string }[] = [];
  for (const field of object.entries()) {
    if (field.empty || HARMLESS.has(String(field.key))) continue;
    if (!COMMANDS.has(String(field.key))) parts.push({ at: field, words: "changes what the command runs" });
    else if (!OWN_COMMAND.test(field.text ?? ""))
      parts.push({ at: field, words: "runs something else than this test" });
  }
  const dir = object.get("dir");
  if (allowed.root === undefined || dir.text !== allowed.root)
    parts.push({ at: dir, words: "is not this project's directory" });
  return [...parts, ...foreignSettings(look)];
}

/** The settings are JSON on standard input; the sweep unmounts where they say. */
function foreignSettings({ object, allowed }: Look): { readonly at: At; readonly words: string }[] {
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
