/** A verb as the program runs it, in this process: to start another costs half a second of a core each time. */
import { run } from "../../cli/run.ts";

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param verb what cli/main.ts calls for a verb */
export async function inProcess(
  verb: (args: readonly string[]) => Promise<number>,
  args: readonly string[],
): Promise<Ran> {
  const said = { stdout: "", stderr: "" };
  const own = { stdout: process.stdout.write, stderr: process.stderr.write, exitCode: process.exitCode };
  // The program ends with its process; here it would leave one more listener each time.
  const streams = [process.stdout, process.stderr].map((stream) => ({ stream, errors: stream.listeners("error") }));
  const keep = (stream: "stdout" | "stderr") => (text: string | Uint8Array) => {
    said[stream] += text;
    return true;
  };
  process.stdout.write = keep("stdout");
  process.stderr.write = keep("stderr");
  try {
    await run(() => verb(args));
    return { ...said, status: Number(process.exitCode) };
  } finally {
    process.stdout.write = own.stdout;
    process.stderr.write = own.stderr;
    process.exitCode = own.exitCode;
    for (const { stream, errors } of streams)
      for (const one of stream.listeners("error"))
        if (!errors.includes(one)) stream.removeListener("error", one as (...args: unknown[]) => void);
  }
}
