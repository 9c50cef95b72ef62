/**
 * A file's text, where kubectl and kustomize can only read the same in it as we do. Both are written in Go: they cut a file into
 * documents line by line before any parser sees it, and their parsers follow YAML 1.1. A text that could mean two things is
 * refused, not judged by one of them.
 */
import { isUtf8 } from "node:buffer";

/** YAML 1.1 takes these for the end of a line, YAML 1.2 for a character like any other; `\r` alone is none to who cuts by lines. */
const LINE_BREAK = /[\u0085\u2028\u2029]|\r(?!\n)/;
/** A byte order mark, which ends no line and is seen by nobody; the parser refuses control characters. */
const STRAY = /\uFEFF/;
/** A line that begins like a separator and is none to every reader. */
const SEPARATOR = /^---(?![ \t]*\r?$|[ \t]+#)/m;

/** @throws Error that names the line where the text could mean two things. */
export function unambiguousText(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new Error("it is not UTF-8: save it as UTF-8 without a byte order mark");
  const whole = bytes.toString("utf8");
  const text = whole.startsWith("\uFEFF") ? whole.slice(1) : whole;
  requirePlain(text);
  return text;
}

/** @throws Error that names the line where the text could mean two things. */
export function requirePlain(text: string): void {
  const lineBreak = LINE_BREAK.exec(text);
  if (lineBreak)
    throw new Error(`${where(text, lineBreak)} has a line break that not every tool takes for one: end lines with \\n`);
  const stray = STRAY.exec(text);
  if (stray) throw new Error(`${where(text, stray)} has an invisible character: remove it`);
  const separator = SEPARATOR.exec(text);
  if (separator)
    throw new Error(
      `${where(text, separator)} begins with ---, which cuts the file in two: leave the rest of it empty`,
    );
}

function where(text: string, { 0: found, index }: RegExpExecArray): string {
  const code = found.codePointAt(0) ?? 0;
  const sign = code === 0x2d ? "" : ` (U+${code.toString(16).toUpperCase().padStart(4, "0")})`;
  return `line ${text.slice(0, index).split("\n").length}${sign}`;
}
