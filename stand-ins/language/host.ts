/**
 * Lets the engine run programs and policy packs, and nothing else of a language host: no code generation, no installation of
 * dependencies, no plugins in TypeScript. It calls the SDK's runners as the official host does, and adds nothing: what starts
 * here starts there.
 */
import * as grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/language_grpc_pb.js";
import type * as Messages from "@pulumi/pulumi/proto/language_pb.js";
import pb from "@pulumi/pulumi/proto/language_pb.js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { runPolicyPack } from "../policy/pack.ts";
import { engineAddressIn, serveEngine } from "../protocol/engine.ts";
import { unary } from "../protocol/unary.ts";
import { runProgram } from "./program.ts";

/** @param args those of the command line, with the engine's address */
export async function serveLanguage(version: string, args: readonly string[]): Promise<void> {
  let engineAddress = engineAddressIn(args) ?? "";
  /** Aborted: what runs gets SIGINT. */
  const cancelled = new AbortController();
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
  server.addService(services.LanguageRuntimeService, {
    handshake: unary(async (request: Messages.LanguageHandshakeRequest) => {
      engineAddress = request.getEngineAddress() || engineAddress;
      return new pb.LanguageHandshakeResponse();
    }),
    getPluginInfo: unary(async () => new pluginPb.PluginInfo().setVersion(version)),
    // Nothing to download: the engine finds on PATH what the program asks for.
    getRequiredPlugins: unary(async () => new pb.GetRequiredPluginsResponse()),
    getRequiredPackages: unary(async () => new pb.GetRequiredPackagesResponse()),
    getProgramDependencies: unary(async () => new pb.GetProgramDependenciesResponse()),
    runtimeOptionsPrompts: unary(async () => new pb.RuntimeOptionsResponse()),
    about: unary(async () => new pb.AboutResponse().setExecutable(process.execPath).setVersion(process.version)),
    installDependencies: (call: grpc.ServerWritableStream<unknown, unknown>) => call.end(),
    run: unary((request: Messages.RunRequest) => runProgram(request, engineAddress, cancelled.signal)),
    runPlugin: (call: grpc.ServerWritableStream<Messages.RunPluginRequest, Messages.RunPluginResponse>) =>
      runPolicyPack(call),
    cancel: unary(async () => {
      cancelled.abort();
      return new emptyPb.Empty();
    }),
  });
  await serveEngine(server);
}
