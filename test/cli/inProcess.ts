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
  // The program ends with its process; here it would leave more listeners each time.
  const heard = HEARD.map(([of, event]) => ({ of, event, own: of.listeners(event) }));
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
    for (const { of, event, own } of heard)
      for (const one of of.listeners(event))
        if (!own.includes(one)) of.removeListener(event, one as (...args: unknown[]) => void);
  }
}

/** What a verb may listen to. */
const HEARD: readonly (readonly [of: NodeJS.EventEmitter, event: string])[] = [
  [process.stdout, "error"],
  [process.stderr, "error"],
  ...["SIGINT", "SIGTERM", "SIGHUP"].map((signal) => [process, signal] as const),
];
