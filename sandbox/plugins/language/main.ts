/**
 * Offline stand-in, used only where the official Node.js language host cannot be installed: lets `pulumi up` run a program.
 *
 * It serves what running a program needs: no code generation, no installation of dependencies, no plugins in TypeScript but policy packs.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/language_grpc_pb.js";
import type * as Messages from "@pulumi/pulumi/proto/language_pb.js";
import pb from "@pulumi/pulumi/proto/language_pb.js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { endWithParent } from "../protocol/parent.ts";
import { unary } from "../protocol/unary.ts";
import { runPolicyPack } from "./policyPack.ts";

/** The program has told the user what is wrong: the engine need not say more. */
const EXIT_AFTER_LOGGED_ERROR = 32;
const VERSION = "3.250.0";

const programs = new Set<ChildProcess>();
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
  run: unary(run),
  runPlugin: (call: grpc.ServerWritableStream<Messages.RunPluginRequest, Messages.RunPluginResponse>) =>
    runPolicyPack(call, remember),
  cancel: unary(async () => {
    stop();
    return new emptyPb.Empty();
  }),
});
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  endWithParent();
  process.stdout.write(`${port}\n`);
});
process.on("exit", stop);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

/** Runs the program to its end; its own output goes to the engine as ours. */
async function run(request: Messages.RunRequest): Promise<Messages.RunResponse> {
  const directory = request.getInfo()?.getProgramDirectory() || request.getPwd() || process.cwd();
  const entry = resolve(directory, request.getInfo()?.getEntryPoint() || request.getProgram() || ".");
  const sdk = createRequire(pathToFileURL(join(directory, "package.json")));
  const child = spawn(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      sdk.resolve("@pulumi/pulumi/cmd/run"),
      ...flags(request),
      entry,
      ...request.getArgsList(),
    ],
    {
      cwd: request.getPwd() || directory,
      env: {
        ...process.env,
        PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().entries())),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
        // Node runs TypeScript itself.
        PULUMI_NODEJS_TYPESCRIPT: "false",
      },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  // Our stdout has told the port and is read as log from then on.
  child.stdout.pipe(process.stdout, { end: false });
  remember(child);
  const status = await new Promise<number | string>((done) => {
    child.on("error", (error) => done(error.message));
    child.on("close", (code, signal) => done(code ?? signal ?? "unknown"));
  });
  if (status === 0) return new pb.RunResponse();
  if (status === EXIT_AFTER_LOGGED_ERROR) return new pb.RunResponse().setBail(true);
  return new pb.RunResponse().setError(`Program exited with non-zero exit code: ${status}`);
}

function flags(request: Messages.RunRequest): string[] {
  const values = {
    monitor: request.getMonitorAddress(),
    engine: engineAddress,
    sync: "",
    organization: request.getOrganization(),
    project: request.getProject(),
    stack: request.getStack(),
    "root-directory": request.getInfo()?.getRootDirectory() ?? "",
    pwd: request.getPwd(),
    "dry-run": request.getDryrun() ? "true" : "",
    "query-mode": request.getQuerymode() ? "true" : "",
    parallel: String(request.getParallel()),
    tracing: "",
  };
  return Object.entries(values).flatMap(([name, value]) => (value === "" ? [] : [`--${name}=${value}`]));
}

/** What runs ends with us. */
function remember(child: ChildProcess): void {
  programs.add(child);
  child.once("close", () => programs.delete(child));
}

function stop(): void {
  for (const program of programs) program.kill("SIGTERM");
}
