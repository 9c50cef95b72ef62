/**
 * CEL, the language of the API server's admission policies. Fields are read with `?.`, so that a missing one is no error, which
 * would deny the object.
 *
 * https://kubernetes.io/docs/reference/using-api/cel/
 */

/**
 * A value as a CEL literal. JSON is one: CEL knows its escapes, and JSON.stringify never writes `\/`, which CEL does not know. A
 * byte order mark is escaped, since readers of YAML differ about one in the middle of a text.
 */
export const celLiteral = (value: string | readonly string[] | Readonly<Record<string, string>>): string =>
  JSON.stringify(value).replaceAll("\uFEFF", "\\uFEFF");

/** Lines of one expression. */
export const lines = (...parts: readonly string[]): string => parts.join("\n");
