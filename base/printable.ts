/**
 * A line with words of others in it (a name, a path, what a daemon said), as one that is shown and never acted upon: not by a
 * terminal or a log viewer (control characters, line breaks, changes of direction), nor by a build server that takes commands from
 * what is printed (`::set-output`, `##[error]`, `##vso[...]`). Such a character is written as JavaScript writes it.
 */
export function printable(line: string): string {
  return line
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, written)
    .replace(/^(\s*)::/, "$1\\::")
    .replace(/##(?=\[|vso\[|teamcity\[)/g, "#\\#");
}

/** Several lines of ours. */
export const printableLines = (text: string): string => text.split("\n").map(printable).join("\n");

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\t" };

function written(character: string): string {
  const hex = character.charCodeAt(0).toString(16);
  return SHORT[character] ?? (hex.length > 2 ? `\\u${hex.padStart(4, "0")}` : `\\x${hex.padStart(2, "0")}`);
}

/** The id of a container or an image, as runtimes make them; nobody reads more of it than its beginning. */
export const ID = /\b[0-9a-f]{64}\b/g;
export const shortIds = (text: string): string => text.replace(ID, (id) => `${id.slice(0, 12)}…`);
