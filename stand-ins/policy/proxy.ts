/** Answers the engine until the policy pack is configured, then passes everything on to the pack. */
import * as grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import type * as Messages from "@pulumi/pulumi/proto/analyzer_pb.js";
import pb from "@pulumi/pulumi/proto/analyzer_pb.js";
import { bind } from "../protocol/engine.ts";
import { unary } from "../protocol/unary.ts";

export type Configuration = Messages.AnalyzerStackConfigureRequest;

interface PolicyProxy {
  readonly port: number;
  /** Undefined where the engine asks something else first: it then has no stack. */
  readonly configured: Promise<Configuration | undefined>;
  readonly attached: () => boolean;
  /** From now on the pack answers. */
  attach(port: number): void;
  /** Ends the wait for the pack with an error: it has not started. */
  close(): void;
}

const METHODS: grpc.ServiceDefinition = services.AnalyzerService;

/** @param ended aborted when the engine wants no more of the pack */
export async function policyProxy(ended: AbortSignal): Promise<PolicyProxy> {
  const configuration = Promise.withResolvers<Configuration | undefined>();
  const pack = Promise.withResolvers<grpc.Client>();
  // Nobody may be waiting for it.
  pack.promise.catch(() => {});
  let attached = false;

  const forward = ({ path, requestSerialize, responseDeserialize }: grpc.MethodDefinition<unknown, unknown>) =>
    unary(async (request: unknown) => {
      configuration.resolve(undefined);
      const client = await pack.promise;
      return new Promise<unknown>((resolve, reject) =>
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, response) =>
          error ? reject(error) : resolve(response),
        ),
      );
    });
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
  server.addService(services.AnalyzerService, {
    ...Object.fromEntries(Object.entries(METHODS).map(([name, method]) => [name, forward(method)])),
    handshake: unary(async () => new pb.AnalyzerHandshakeResponse()),
    configureStack: unary(async (request: Configuration) => {
      configuration.resolve(request);
      return new pb.AnalyzerStackConfigureResponse();
    }),
  });
  const port = await bind(server);
  const close = () => {
    configuration.resolve(undefined);
    pack.reject(new Error("policy pack not started: could not read policy pack port: io: read/write on closed pipe"));
  };
  ended.addEventListener("abort", () => {
    close();
    server.forceShutdown();
  });

  return {
    port,
    configured: configuration.promise,
    attached: () => attached,
    attach: (packPort) => {
      attached = true;
      const options = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
      const credentials = grpc.credentials.createInsecure();
      const client = new services.AnalyzerClient(`127.0.0.1:${packPort}`, credentials, options);
      // The pack learns of the stack and its tags before anything else is asked of it.
      void configuration.promise.then((request) => {
        const stack = request ?? new pb.AnalyzerStackConfigureRequest();
        client.configureStack(stack, (error) => {
          if (error && error.code !== grpc.status.UNIMPLEMENTED) {
            const { message } = error;
            pack.reject(new Error(`policy pack not started: policy pack configuration failed: ${message}`));
          } else pack.resolve(client);
        });
      });
    },
    close,
  };
}
