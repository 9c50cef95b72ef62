/**
 * Offline stand-in, used only where the official plugins cannot be installed: serves a provider over Pulumi's protocol.
 *
 * The SDK's own provider server hides the configuration, the preview flag and the detailed diff, hence this one.
 */
import * as grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { engineReporter } from "./engineLog.ts";
import { handlers } from "./handlers.ts";
import { endWithParent } from "./parent.ts";
import type { Provider, Reporter } from "./provider.ts";

// The engine's own limit; a ConfigMap or a command's output may be large.
const MAX_MESSAGE_BYTES = 1024 * 1024 * 400;

/** Listens on a free loopback port and prints it, which is how the engine finds the plugin. */
export async function serve(version: string, create: (reporter: Reporter) => Provider): Promise<void> {
  const engine = engineReporter(engineAddress(process.argv.slice(2)));
  const provider = create(engine);
  const server = new grpc.Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  server.addService(services.ResourceProviderService, handlers(version, provider, engine));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  stopOnSignals(provider);
  endWithParent(() => provider.cancel());
  process.stdout.write(`${port}\n`);
}

/** The engine may put flags of its own (`-v=9`, `--logtostderr`, `--tracing <url>`) before its address. */
function engineAddress(args: readonly string[]): string | undefined {
  return args.find((argument, index) => !argument.startsWith("-") && args[index - 1] !== "--tracing");
}

function stopOnSignals(provider: Provider): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void provider.cancel().finally(() => process.exit(130)));
  }
}
