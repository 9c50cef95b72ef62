/** A text as lines that keep their own line ends, so that an edit touches no other byte. */
export interface Line {
  readonly text: string;
  /** Empty on a last line without a line end. */
  readonly end: "\n" | "\r\n" | "";
}

export function linesOf(text: string): Line[] {
  return [...text.matchAll(/([^\n]*?)(\r\n|\n|$)/gy)]
    .map(([, line = "", end = ""]): Line => ({ text: line, end: end as Line["end"] }))
    .filter(({ text, end }) => text !== "" || end !== "");
}

export function textOf(lines: readonly Line[]): string {
  return lines.map(({ text, end }) => text + end).join("");
}

/** Number of the line that holds the character at `offset`. */
export function lineAt(lines: readonly Line[], offset: number): number {
  let start = 0;
  const found = lines.findIndex(({ text, end }) => {
    start += text.length + end.length;
    return offset < start;
  });
  return found < 0 ? Math.max(lines.length - 1, 0) : found;
}

export function offsetOf(lines: readonly Line[], index: number): number {
  return textOf(lines.slice(0, index)).length;
}

/** Inserts before the line `at`; the file keeps its kind of line end, and a missing last one stays missing. */
export function inserted(lines: readonly Line[], at: number, texts: readonly string[]): Line[] {
  const end = lines.find((line) => line.end !== "")?.end ?? "\n";
  const fresh = texts.map((text): Line => ({ text, end }));
  const before = lines[at - 1];
  if (before?.end !== "") return [...lines.slice(0, at), ...fresh, ...lines.slice(at)];
  const last = fresh.pop();
  return [
    ...lines.slice(0, at - 1),
    { text: before.text, end },
    ...fresh,
    ...(last ? [{ text: last.text, end: "" } as const] : []),
  ];
}

/** The reverse of `inserted`. */
export function without(lines: readonly Line[], drop: (index: number) => boolean): Line[] {
  const kept = lines.filter((_, index) => !drop(index));
  const last = kept.at(-1);
  const endless = lines.at(-1)?.end === "" && drop(lines.length - 1);
  return last && endless ? [...kept.slice(0, -1), { text: last.text, end: "" }] : kept;
}

export function replaced(lines: readonly Line[], index: number, text: string): Line[] {
  return lines.map((line, at) => (at === index ? { ...line, text } : line));
}
