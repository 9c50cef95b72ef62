/** Runs a policy pack with the SDK's `cmd/run-policy-pack`. */
import * as grpc from "@grpc/grpc-js";
import type * as Messages from "@pulumi/pulumi/proto/language_pb.js";
import pb from "@pulumi/pulumi/proto/language_pb.js";
import { optionsOf, start, within } from "../protocol/runner.ts";
import { type Configuration, policyProxy } from "./proxy.ts";

type Call = grpc.ServerWritableStream<Messages.RunPluginRequest, Messages.RunPluginResponse>;

/**
 * The engine configures a pack after it has started; the SDK's runner wants stack and configuration in its environment at
 * the start. As in the official host, a proxy answers the engine until both are known.
 */
export function runPolicyPack(call: Call): void {
  const { request } = call;
  const fail = (details: string, code = grpc.status.UNKNOWN) => call.emit("error", { code, details });
  if (request.getKind() !== "analyzer") {
    const details = `The offline language host runs policy packs, not plugins of kind "${request.getKind()}".`;
    fail(details, grpc.status.UNIMPLEMENTED);
    return;
  }
  run(call).then(
    () => call.end(),
    (error: Error) => fail(error.message),
  );
}

async function run(call: Call): Promise<void> {
  const { request } = call;
  const { directory, options } = optionsOf(request.getInfo());
  const runner = within(directory, "@pulumi/pulumi/cmd/run-policy-pack", `npm install in ${directory}`);
  const print = (chunk: Uint8Array) => call.write(new pb.RunPluginResponse().setStdout(chunk));
  // The engine ends a pack by ending the call. Where the pack ended before, a later call ends with the reason.
  const ended = new AbortController();
  let over = false;
  call.on("cancelled", () => {
    if (!over) ended.abort();
  });

  const proxy = await policyProxy(ended.signal);
  print(Buffer.from(`${proxy.port}\n`));
  const configuration = await proxy.configured;
  if (ended.signal.aborted) return;
  // Node's own arguments stand behind the runner, where it overlooks them: so they do in the official host.
  const child = start([runner, ...options.nodeArguments, ...request.getArgsList(), directory], {
    cwd: directory,
    env: {
      ...Object.fromEntries(request.getEnvList().map(splitAssignment)),
      ...options.environment,
      ...(configuration && environmentOf(configuration)),
    },
    signal: ended.signal,
  });
  child.stderr.on("data", (chunk: Buffer) => call.write(new pb.RunPluginResponse().setStderr(chunk)));
  let head = "";
  child.stdout.on("data", (chunk: Buffer) => {
    if (proxy.attached()) return print(chunk);
    head += chunk.toString("utf8");
    const [, port, rest = ""] = /^(\d+)\n(.*)$/s.exec(head) ?? [];
    if (port === undefined) return;
    proxy.attach(Number(port));
    if (rest) print(Buffer.from(rest));
  });
  const code = await new Promise<number | string>((done) => {
    child.on("error", (error) => done(error.message));
    child.on("close", (status, signal) => done(status ?? signal ?? "unknown"));
  });
  over = true;
  proxy.close();
  if (!proxy.attached()) throw new Error("could not read policy pack port: io: read/write on closed pipe");
  if (code !== 0 && !ended.signal.aborted) throw new Error(`Program exited with non-zero exit code: ${code}`);
}

function environmentOf(configuration: Configuration): Record<string, string> {
  const entries = {
    PULUMI_NODEJS_ORGANIZATION: configuration.getOrganization(),
    PULUMI_NODEJS_PROJECT: configuration.getProject(),
    PULUMI_NODEJS_STACK: configuration.getStack(),
    PULUMI_NODEJS_DRY_RUN: String(configuration.getDryRun()),
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(configuration.getConfigMap().toArray())),
  };
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== ""));
}

function splitAssignment(text: string): [string, string] {
  const at = text.indexOf("=");
  return [text.slice(0, at), text.slice(at + 1)];
}
