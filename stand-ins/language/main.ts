/**
 * Offline stand-in, used only where the official Node.js language host cannot be installed: lets `pulumi up` run a program.
 *
 * It calls the SDK's runners as the official host does, and adds nothing: what starts here starts there. It serves what
 * running a program and a policy pack needs: no code generation, no installation of dependencies, no plugins in TypeScript.
 */
import * as grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/language_grpc_pb.js";
import type * as Messages from "@pulumi/pulumi/proto/language_pb.js";
import pb from "@pulumi/pulumi/proto/language_pb.js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { endWithParent } from "../protocol/parent.ts";
import { unary } from "../protocol/unary.ts";
import { runPolicyPack } from "./policyPack.ts";
import { runProgram } from "./program.ts";

const VERSION = "3.250.0";

/** Aborted: what runs gets SIGINT. */
const cancelled = new AbortController();
let engineAddress = process.argv.slice(2).find((argument) => !argument.startsWith("-")) ?? "";

const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
server.addService(services.LanguageRuntimeService, {
  handshake: unary(async (request: Messages.LanguageHandshakeRequest) => {
    engineAddress = request.getEngineAddress() || engineAddress;
    return new pb.LanguageHandshakeResponse();
  }),
  getPluginInfo: unary(async () => new pluginPb.PluginInfo().setVersion(VERSION)),
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
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  endWithParent();
  process.stdout.write(`${port}\n`);
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
