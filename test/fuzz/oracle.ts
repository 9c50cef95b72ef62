/**
 * The oracle: a Go program of the modules that kubectl and kustomize are made of (sandbox/tools/oracle), which answers what they
 * make of an input. It cuts, reads and flattens as `kubectl create -f` does, and builds as `kustomize build` does.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { buildTools, toolDirectory } from "../../sandbox/build/tools.ts";
import type { Input } from "./inputs.ts";

export interface Answer {
  /** What they would send to the API server. With an error, what they had sent before it. */
  readonly objects: readonly Readonly<Record<string, unknown>>[];
  readonly error?: string;
}

export interface Oracle {
  ask(input: Input): Promise<Answer>;
  close(): Promise<void>;
}

/** Compiles it where it is not in the cache yet. */
export async function openOracle(): Promise<Oracle> {
  await buildTools(["oracle"]);
  const child = spawn(join(toolDirectory("oracle"), "oracle"), [], { stdio: ["pipe", "pipe", "ignore"] });
  const waiting: { resolve(answer: Answer): void; reject(error: Error): void }[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => waiting.shift()?.resolve(JSON.parse(line) as Answer));
  const closed = new Promise<void>((resolve) => {
    child.on("close", (code) => {
      for (const one of waiting.splice(0)) one.reject(new Error(`the oracle ended with ${code}`));
      resolve();
    });
  });
  const base64 = (text: string) => Buffer.from(text, "utf8").toString("base64");
  return {
    ask: (input) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        const request =
          "tree" in input
            ? {
                tree: Object.fromEntries(Object.entries(input.tree).map(([name, text]) => [name, base64(text)])),
                build: input.build,
              }
            : { manifest: base64(input.manifest) };
        child.stdin.write(`${JSON.stringify(request)}\n`);
      }),
    close: () => {
      child.stdin.end();
      return closed;
    },
  };
}
