/** One life of the producer on an imagined node, for the tests. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { ProbeRecord } from "../../core/contract/records.ts";
import { type ImaginedNode, recordsOf } from "./imagined.ts";
import { SHELL } from "./shell.ts";

export interface Life {
  readonly code: number | null;
  readonly records: readonly ProbeRecord[];
  /** From the signal to the end. */
  readonly endedIn?: number;
}

/**
 * One life of the producer on an imagined node; where a step is named, SIGTERM comes in the pause after it, or with `STEP#N` after the
 * Nth of them: a log may begin with what others have said.
 */
export async function live(node: ImaginedNode, environment: Record<string, string>, termAfter?: string): Promise<Life> {
  const child = spawn(SHELL.program, [...SHELL.args, join(node.probe, "producer.sh")], {
    stdio: ["ignore", "pipe", "ignore"],
    env: {
      ...node.environment,
      // A machine that is busy still answers in this time.
      PROBE_SECONDS: "4",
      DRIVER: "imagined",
      SETTLE_SECONDS: "0",
      MOUNT_SECONDS: "5",
      HOLD_SECONDS: "1",
      STALE_SECONDS: "0",
      RECOVER_SECONDS: "0",
      INSPECT_SECONDS: "1",
      AFTERWARDS: "end",
      ...environment,
    },
  });
  let log = "";
  let asked = false;
  let signalled: number | undefined;
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    log += piece;
    const [awaited, count = 1] = termAfter?.split("#") ?? [];
    if (!awaited || asked || recordsOf(log).filter(({ step }) => step === awaited).length < Number(count)) return;
    asked = true;
    setTimeout(() => {
      signalled = performance.now();
      child.kill("SIGTERM");
    }, 300);
  });
  const [code] = (await once(child, "close")) as [number | null];
  return {
    code,
    records: recordsOf(log),
    ...(signalled === undefined ? {} : { endedIn: performance.now() - signalled }),
  };
}

export const stepsOf = ({ records }: Life): string[] =>
  records
    .filter(({ step }) => !["identity", "preflight", "platform", "settle", "finish"].includes(step))
    .map(
      (record) =>
        `${record.step}${record.step === "crash" ? ` ${record.fault}` : ""}${record.result === "error" ? "!" : ""}`,
    );
