/** Where lines for people leave this process. */
import { shownOn } from "./marks.ts";
import { printable } from "./printable.ts";

/** Prints a line of progress, which is no part of the result. */
export const say = (line: string): void => writeLine(process.stderr, line);

/** Prints a line of the result. */
export const print = (line: string): void => writeLine(process.stdout, line);

function writeLine(stream: NodeJS.WriteStream, line: string): void {
  stream.write(`${shownOn(stream, printable(line))}\n`);
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
