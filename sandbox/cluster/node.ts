/** A node: containerd with the images in it, then the kubelet. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { step } from "../../base/progress.ts";
import { until } from "../../base/stop.ts";
import {
  type Box,
  configDirectory,
  type Daemon,
  inBox,
  notReady,
  pathIn,
  requireAlive,
  runIn,
  startDaemon,
} from "../box/box.ts";
import { addresses, type NodeName } from "../box/network.ts";
import type { ImageSet } from "../build/images.ts";
import type { ToolPaths } from "../build/kubernetes.ts";
import { importCommand, type RuntimeName, runtimeCommand } from "../build/runtimes.ts";
import type { Api } from "./api.ts";
import { DROPPING_PROGRAM, type NodeSpec, nodeFiles } from "./nodeConfig.ts";
import { renderKubeconfig, type Secrets } from "./pki.ts";

/** Starts containerd and imports the images. @throws SandboxError, with its log, when it does not answer within 30 s */
export async function startRuntime(box: Box, spec: NodeSpec, runtime: RuntimeName, images: ImageSet): Promise<void> {
  writeFiles(spec.name, nodeFiles(spec, images.pause));
  const daemon = startDaemon(box, "containerd", containerdCommand(runtime));
  const socket = pathIn(box, "/run/containerd/containerd.sock");
  const answers = () => {
    requireAlive(daemon);
    return existsSync(socket) || undefined;
  };
  await until(answers, { every: 20, within: 30_000, late: () => notReady(daemon) });
  for (const archive of images.archives) {
    await runIn(box, importCommand(runtime, `${inBox.images}/${archive}`));
  }
}

export function writeFiles(node: NodeName, files: Readonly<Record<string, string>>): void {
  for (const [file, text] of Object.entries(files))
    writeFileSync(join(configDirectory(node), file), text, { mode: file === DROPPING_PROGRAM ? 0o755 : 0o644 });
}

/** The runtime's daemon and its options. Part of the fingerprint. */
export const containerdCommand = (runtime: RuntimeName): readonly string[] =>
  runtimeCommand(runtime, `${inBox.config}/containerd.toml`);

/** The kubelet and its options. Part of the fingerprint. */
export function kubeletCommand(paths: ToolPaths, { name }: NodeSpec): readonly string[] {
  return [
    paths.kubelet,
    `--config=${inBox.config}/kubelet.json`,
    `--kubeconfig=${inBox.config}/kubelet.kubeconfig`,
    `--hostname-override=${name}`,
    // Without it the kubelet looks for the default route's interface, and takes the machine's if it shares one.
    `--node-ip=${addresses[name]}`,
  ];
}

/** Starts the kubelet. @throws SandboxError, with its log, when the node is not ready within a minute */
export async function startKubelet(
  box: Box,
  spec: NodeSpec,
  command: readonly string[],
  secrets: Secrets,
  api: Api,
): Promise<void> {
  writeCredentials(spec.name, secrets);
  await step(`node ${spec.name} ready (${spec.propagation} root mount)`, () =>
    untilReady(startDaemon(box, "kubelet", command), spec, api, 60_000),
  );
}

/** What the kubelet shows the API server, and knows it by. */
export function writeCredentials(node: NodeName, secrets: Secrets): void {
  const directory = configDirectory(node);
  writeFileSync(join(directory, "ca.crt"), secrets.authority);
  writeFileSync(join(directory, "kubelet.kubeconfig"), renderKubeconfig(secrets, node, "sandbox"), { mode: 0o600 });
}

/** @throws SandboxError, with the daemon's log, when that ends or the node is not ready within so many milliseconds */
export async function untilReady(daemon: Daemon, spec: NodeSpec, api: Api, within: number): Promise<void> {
  const ready = async () => {
    requireAlive(daemon);
    return (await isReady(api, spec)) || undefined;
  };
  await until(ready, { every: 100, within, late: () => notReady(daemon) });
}

/** Ready, and free of the taints that the controller manager removes a moment later. */
async function isReady(api: Api, spec: NodeSpec): Promise<boolean> {
  const node = (await api.nodes()).find(({ name }) => name === spec.name);
  return node?.ready === true && node.taints.every((taint) => spec.taints.some(({ key }) => key === taint));
}
