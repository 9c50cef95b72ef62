/**
 * Keeps the keys of a user's own command out of what is printed and stored: a daemon logs its arguments, and an API server quotes the
 * pod that it refuses.
 */

/** Shorter ones guard nothing, and would be found in other words. */
const SHORTEST = 6;

/**
 * What hides the words of a command that may be a key, in any text of a value. Not its paths, options and words of plain small letters:
 * a diagnosis quotes `allow_other` and the path of a program.
 */
export function masked(command: string): <T>(value: T) => T {
  const words = command
    .split(/[\s"'`=:;,(){}[\]<>|&$\\@?]+/)
    .filter(
      (word) =>
        word.length >= SHORTEST && !/^[/.-]/.test(word) && !/^([a-z]+([_-][a-z]+)*|SOURCE|ALLOW_OTHER)$/.test(word),
    );
  // The longest first: one may be a part of another.
  const all = [command, ...new Set(words)].filter(Boolean).sort((a, b) => b.length - a.length);
  const hide = (text: string) => all.reduce((shown, word) => shown.replaceAll(word, "[secret]"), text);
  return (value) => walk(value, hide) as typeof value;
}

function walk(value: unknown, hide: (text: string) => string): unknown {
  if (typeof value === "string") return hide(value);
  if (Array.isArray(value)) return value.map((item) => walk(item, hide));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, hide)]));
}
