/** What a running sandbox is: written when it is up, read to use it again, to show it and to tell whether it is well. */
import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { isAlive, type ProcessIdentity } from "../../base/identity.ts";
import * as paths from "../../base/paths.ts";
import { refuseIfStopping } from "../../base/stop.ts";
import type { Box } from "../box/box.ts";
import type { ImageSet } from "../build/images.ts";
import { toolPaths } from "../build/tools.ts";
import type { Engine } from "../engine.ts";
import { openApi, recordedAccess } from "./api.ts";
import { controlPlaneCommands } from "./controlPlane.ts";
import { kubeletCommand } from "./node.ts";
import { nodeFiles, nodeSpecs } from "./nodeConfig.ts";

export const context = "fuse-test-sandbox";

/** The document of `up --json`. */
export interface Sandbox extends Engine {
  readonly kubeconfig: string;
  readonly context: string;
  readonly nodes: readonly string[];
  readonly images: { readonly producer: string; readonly consumer: string };
}

export interface Record {
  readonly fingerprint: string;
  readonly boxes: readonly Box[];
  readonly sandbox: Sandbox;
}

/** Says which programs, options, files and images a cluster was started with: another one is not reused. */
export function fingerprint(images: ImageSet): string {
  const programs = toolPaths();
  const nodes = nodeSpecs.map((spec) => [spec, nodeFiles(spec, images.pause), kubeletCommand(programs, spec)]);
  const all = JSON.stringify([controlPlaneCommands(programs), nodes, images]);
  return createHash("sha256").update(all).digest("hex").slice(0, 12);
}

export function readRecord(): Record | undefined {
  try {
    return JSON.parse(readFileSync(paths.record, "utf8"));
  } catch {
    return undefined;
  }
}

export function writeRecord(record: Record): void {
  writeFileSync(`${paths.record}.new`, JSON.stringify(record, null, 2));
  renameSync(`${paths.record}.new`, paths.record);
}

export interface NamedProcess {
  readonly name: string;
  readonly process: ProcessIdentity;
}

export function processesOf({ boxes }: Record): NamedProcess[] {
  return boxes.flatMap(({ name, init, daemons }) => [
    { name, process: init },
    ...daemons.map((daemon) => ({ name: `${name} ${daemon.name}`, process: daemon.process })),
  ]);
}

/** Undefined when all is well, else what is not. */
export async function ailment(record: Record): Promise<string | undefined> {
  return lasting(async () => {
    const dead = processesOf(record).filter(({ process }) => !isAlive(process));
    if (dead.length > 0) return { what: `ended: ${dead.map(({ name }) => name).join(", ")}`, final: true };
    const access = recordedAccess();
    if (!access) return { what: "its kubeconfig is gone", final: true };
    const api = openApi(access);
    const [ready, nodes] = await Promise.all([api.ready(), api.nodes()]);
    if (!ready) return { what: "the API server is not ready" };
    const wanted = record.sandbox.nodes.filter((name) => !nodes.some((node) => node.name === name && node.ready));
    return wanted.length > 0 ? { what: `not ready: ${wanted.join(", ")}` } : undefined;
  });
}

export interface Symptom {
  readonly what: string;
  /** It does not pass by waiting. */
  readonly final?: boolean;
}

/**
 * What is still so after 15 s: a sandbox that is ill is torn down, and on a loaded machine one slow answer is no illness.
 *
 * @param within milliseconds to ask again for
 */
export async function lasting(
  examine: () => Promise<Symptom | undefined>,
  { within, every } = { within: 15_000, every: 500 },
): Promise<string | undefined> {
  const end = performance.now() + within;
  for (;;) {
    refuseIfStopping();
    const symptom = await examine();
    if (!symptom || symptom.final || performance.now() > end) return symptom?.what;
    await delay(every);
  }
}
