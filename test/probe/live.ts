/** One life of the producer on an imagined node, for the tests. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { ProbeRecord } from "../../core/contract/records.ts";
import { type ImaginedNode, recordsOf } from "./imagined.ts";
import { SHELL } from "./shell.ts";

export interface Life {
  readonly code: number | null;
  readonly records: readonly ProbeRecord[];
  /** Milliseconds from the signal to the end. */
  readonly endedIn?: number;
  /** Milliseconds that this machine took meanwhile for work of the same kind, without a pause in it. */
  readonly pace?: number;
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
      // A machine that is busy still answers in this time, and mounts in that.
      PROBE_SECONDS: "20",
      DRIVER: "imagined",
      SETTLE_SECONDS: "0",
      MOUNT_SECONDS: "60",
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
  let pace: Promise<number> | undefined;
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    log += piece;
    const [awaited, count = 1] = termAfter?.split("#") ?? [];
    if (!awaited || asked || recordsOf(log).filter(({ step }) => step === awaited).length < Number(count)) return;
    asked = true;
    setTimeout(() => {
      signalled = performance.now();
      child.kill("SIGTERM");
      pace = paceOf(node);
    }, 300);
  });
  const [code] = (await once(child, "close")) as [number | null];
  return {
    code,
    records: recordsOf(log),
    ...(signalled === undefined ? {} : { endedIn: performance.now() - signalled }),
    ...(pace ? { pace: await pace } : {}),
  };
}

async function paceOf({ probe, environment }: ImaginedNode): Promise<number> {
  const from = performance.now();
  const work = `. "${probe}/lib.sh"; for round in 1 2 3; do log_identity; bounded true; family $$; done`;
  await once(spawn("busybox", ["ash", "-c", work], { stdio: "ignore", env: environment }), "close");
  return performance.now() - from;
}

/** That a life ends as soon as this after its signal, on a machine that is not busy; a busy one takes longer for whatever it does. */
export function endsWithin({ endedIn = Number.POSITIVE_INFINITY, pace = 0 }: Life, milliseconds: number): void {
  assert.ok(endedIn < milliseconds + 3 * pace, `${endedIn} ms, where other work took ${pace} ms`);
}

export const stepsOf = ({ records }: Life): string[] =>
  records
    .filter(({ step }) => !["identity", "preflight", "platform", "settle", "finish"].includes(step))
    .map(
      (record) =>
        `${record.step}${record.step === "crash" ? ` ${record.fault}` : ""}${record.result === "error" ? "!" : ""}`,
    );
