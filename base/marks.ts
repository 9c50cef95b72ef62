/** The marks of a line for people, by what the line says. The only place where they stand as characters. */
export const MARKS = {
  success: "✓",
  failure: "✗",
  /** An inconclusive verdict, or something that the reader should know of. */
  inconclusive: "!",
  /** A step that has begun, or a remark. */
  note: "·",
} as const;

/** What a terminal shows in their place that cannot show them. */
const ASCII: Readonly<Record<string, string>> = {
  [MARKS.success]: "+",
  [MARKS.failure]: "x",
  [MARKS.note]: "-",
  "…": "...",
};
const NOT_ASCII = new RegExp(`[${Object.keys(ASCII).join("")}]`, "g");

interface Stream {
  readonly isTTY?: boolean;
}

/**
 * The text as the stream can show it: with ASCII marks on a terminal whose locale is not UTF-8. What is captured stays UTF-8: a
 * file or a CI log has no locale.
 */
export function shownOn(stream: Stream, text: string, env: NodeJS.ProcessEnv = process.env): string {
  return stream.isTTY && !isUtf8(env) ? text.replace(NOT_ASCII, (mark) => ASCII[mark] ?? mark) : text;
}

/** The first of these that is set and not empty decides (setlocale(3)). */
function isUtf8({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): boolean {
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || "");
}
