/** Messages to the engine's log, which shows them to the user. */
import * as grpc from "@grpc/grpc-js";
import engineServices from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineMessages from "@pulumi/pulumi/proto/engine_pb.js";
import type { Reporter } from "./provider.ts";

export interface EngineReporter extends Reporter {
  /** The engine gave another address than at the start (a debugger attached us). */
  attach(address: string): void;
}

/** Messages are sent one after the other, as the engine shows them in the order of arrival. */
export function engineReporter(address: string | undefined): EngineReporter {
  let client = connect(address);
  let queue: Promise<void> = Promise.resolve();
  const status = (urn: string, message: string) => {
    const request = new engineMessages.LogRequest();
    request.setSeverity(engineMessages.LogSeverity.INFO);
    request.setMessage(message);
    request.setUrn(urn);
    request.setEphemeral(true);
    // A lost message is no reason to fail an operation.
    queue = queue.then(() => new Promise((resolve) => (client ? client.log(request, () => resolve()) : resolve())));
  };
  return {
    status,
    attach(next) {
      client = connect(next);
    },
  };
}

function connect(address: string | undefined) {
  return address === undefined
    ? undefined
    : new engineServices.EngineClient(address, grpc.credentials.createInsecure());
}
