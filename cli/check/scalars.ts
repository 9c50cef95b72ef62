/** What a text without quotes is to Go's yaml.v2 (resolve.go), which follows YAML 1.1. */

const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, null] as const),
  ...["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"].map((word) => [word, true] as const),
  ...["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"].map((word) => [word, false] as const),
]);

const NUMBER = /^[-+.0-9]/;
/** strconv.ParseInt with base 0, underscores removed before: a leading 0 means octal. */
const INTEGER = /^[-+]?(0[bB][01]+|0[oO]?[0-7]+|0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)$/;
/** yamlStyleFloat. */
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;

export function scalar(text: string): unknown {
  if (text.length < 6) {
    const word = WORDS.get(text);
    if (word !== undefined) return word;
  }
  if (!NUMBER.test(text)) return text;
  const digits = text.replaceAll("_", "");
  if (INTEGER.test(digits)) return integer(digits);
  return FLOAT.test(digits) ? Number(digits) : text;
}

function integer(text: string): number {
  const [sign, digits] = /^[-+]/.test(text) ? [text[0] === "-" ? -1 : 1, text.slice(1)] : [1, text];
  return sign * Number(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
}
