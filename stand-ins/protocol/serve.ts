/**
 * Serves a provider over Pulumi's protocol. The SDK's own provider server hides the configuration, the preview flag and the
 * detailed diff, hence this one.
 */
import * as grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { engineAddressIn, serveEngine } from "./engine.ts";
import { engineReporter } from "./engineLog.ts";
import { handlers } from "./handlers.ts";
import type { Provider, Reporter } from "./provider.ts";

/** The engine's own limit; a ConfigMap or a command's output may be large. */
const MAX_MESSAGE_BYTES = 1024 * 1024 * 400;

/** @param args those of the command line, with the engine's address */
export async function serve(
  version: string,
  args: readonly string[],
  create: (reporter: Reporter) => Provider,
): Promise<void> {
  const engine = engineReporter(engineAddressIn(args));
  const provider = create(engine);
  const server = new grpc.Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  server.addService(services.ResourceProviderService, handlers(version, provider, engine));
  await serveEngine(server, () => provider.cancel());
}
