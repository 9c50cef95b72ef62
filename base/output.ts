/** Where lines for people leave this process. */
import { shownOn } from "./marks.ts";
import { printable } from "./printable.ts";

/** Prints a line of progress, which is no part of the result. */
export const say = (line: string): void => writeLines(process.stderr, [line]);

/** Prints a line of the result. */
export const print = (line: string): void => writeLines(process.stdout, [line]);

/** Prints many lines of the result at once. */
export const printAll = (lines: readonly string[]): void => writeLines(process.stdout, lines);

function writeLines(stream: NodeJS.WriteStream, lines: readonly string[]): void {
  stream.write(`${shownOn(stream, lines.map(printable).join("\n"))}\n`);
}

/**
 * A reader that has seen enough (`| head`), or a terminal that was closed, is no problem: least of all may it end a clean-up that
 * only wanted to say what it does.
 */
export function tolerateClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (!["EPIPE", "EIO"].includes(error.code ?? "")) throw error;
    });
}
