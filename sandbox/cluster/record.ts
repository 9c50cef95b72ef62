/** What a running sandbox consists of: written when it is up, read to reuse, show and check it. */
import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { ProcessIdentity } from "../../base/identity.ts";
import * as paths from "../../base/paths.ts";
import type { Box } from "../box/box.ts";
import type { ImageSet } from "../build/images.ts";
import { toolPaths } from "../build/kubernetes.ts";
import type { Engine } from "../engine.ts";
import { type Platform, suiteOf } from "../platform.ts";
import { controlPlaneCommands } from "./controlPlane.ts";
import { machineCommand, machineFiles } from "./machine.ts";
import { containerdCommand, kubeletCommand } from "./node.ts";
import { nodeFiles, nodeSpecs } from "./nodeConfig.ts";

/** Of the kubeconfig, its cluster included. */
export const context = "fuse-test-sandbox";

/** The document of `up --json`. */
export interface Sandbox extends Engine, Platform {
  readonly kubeconfig: string;
  readonly context: string;
  readonly nodes: readonly string[];
  readonly images: { readonly producer: string; readonly consumer: string };
}

export interface Record {
  /** Of what it was started with (`fingerprint`). */
  readonly fingerprint: string;
  readonly boxes: readonly Box[];
  readonly sandbox: Sandbox;
}

/** Twelve digits of the programs, options, files and images that a cluster is started with: one of other digits is not reused. */
export function fingerprint(images: ImageSet, platform: Platform): string {
  const programs = toolPaths(platform.kubernetes);
  const nodes = nodeSpecs.map((spec) => {
    const suite = suiteOf(platform, spec.name);
    return suite
      ? [spec, machineFiles(spec, platform, images), machineCommand(suite)]
      : [spec, nodeFiles(spec, images.pause), kubeletCommand(programs, spec)];
  });
  const all = JSON.stringify([controlPlaneCommands(programs), containerdCommand(platform.runtime), nodes, images]);
  return createHash("sha256").update(all).digest("hex").slice(0, 12);
}

/** The record of the sandbox that runs, or has run until the machine was reset; undefined where there is none. */
export function readRecord(): Record | undefined {
  try {
    return JSON.parse(readFileSync(paths.record, "utf8"));
  } catch {
    return undefined;
  }
}

/** Written whole, or not at all. */
export function writeRecord(record: Record): void {
  writeFileSync(`${paths.record}.new`, JSON.stringify(record, null, 2));
  renameSync(`${paths.record}.new`, paths.record);
}

interface NamedProcess {
  readonly name: string;
  readonly process: ProcessIdentity;
}

/** Every process of the boxes that is known by name, their first processes included. */
export function processesOf({ boxes }: Record): NamedProcess[] {
  return boxes.flatMap(({ name, init, daemons }) => [
    { name, process: init },
    ...daemons.map((daemon) => ({ name: `${name} ${daemon.name}`, process: daemon.process })),
  ]);
}
