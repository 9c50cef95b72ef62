/** Offline stand-in, used only where the official Node.js language host cannot be installed: starts policy packs for it. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import * as grpc from "@grpc/grpc-js";
import type * as Messages from "@pulumi/pulumi/proto/language_pb.js";
import pb from "@pulumi/pulumi/proto/language_pb.js";

const RUNNER = fileURLToPath(new URL("../policy/main.ts", import.meta.url));

/** Passes on what the pack prints, the port first, and its exit code at the end. */
export function runPolicyPack(
  call: grpc.ServerWritableStream<Messages.RunPluginRequest, Messages.RunPluginResponse>,
  started: (child: ChildProcess) => void,
): void {
  const { request } = call;
  if (request.getKind() !== "analyzer") {
    const details = `The offline language host runs policy packs, not plugins of kind "${request.getKind()}".`;
    call.emit("error", { code: grpc.status.UNIMPLEMENTED, details });
    return;
  }
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", RUNNER, ...request.getArgsList()], {
    cwd: request.getInfo()?.getProgramDirectory() || request.getPwd(),
    env: { ...process.env, ...Object.fromEntries(request.getEnvList().map(splitAssignment)) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started(child);
  child.stdout.on("data", (chunk: Buffer) => call.write(new pb.RunPluginResponse().setStdout(chunk)));
  child.stderr.on("data", (chunk: Buffer) => call.write(new pb.RunPluginResponse().setStderr(chunk)));
  child.on("error", (error) => call.emit("error", { code: grpc.status.INTERNAL, details: error.message }));
  child.on("close", (code) => {
    call.write(new pb.RunPluginResponse().setExitcode(code ?? 1));
    call.end();
  });
  // The engine ends a pack by ending the call.
  call.on("cancelled", () => child.kill("SIGTERM"));
}

function splitAssignment(text: string): [string, string] {
  const at = text.indexOf("=");
  return [text.slice(0, at), text.slice(at + 1)];
}
