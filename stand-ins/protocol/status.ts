/** An error in the form in which the engine reads it. */
import * as grpc from "@grpc/grpc-js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import statusPb from "@pulumi/pulumi/proto/status_pb.js";
import anyPb from "google-protobuf/google/protobuf/any_pb.js";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import { NotReadyError } from "./provider.ts";
import type { Bag } from "./values.ts";

/**
 * @param inputs what was asked for; kept beside the outputs of a resource that exists but is not ready.
 */
export function statusOf(error: unknown, encodeOutputs: (outputs: Bag) => Struct, inputs: Struct | undefined): unknown {
  if (!(error instanceof NotReadyError)) return error;
  const failed = new pb.ErrorResourceInitFailed()
    .setId(error.id)
    .setProperties(encodeOutputs(error.outputs))
    .setReasonsList([...error.reasons])
    .setInputs(inputs);
  const detail = new anyPb.Any();
  detail.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new statusPb.Status();
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(error.message);
  status.addDetails(detail);
  const metadata = new grpc.Metadata();
  // gRPC for Node has no API for error details: this header is how the Go side reads them.
  metadata.set("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return { code: grpc.status.UNKNOWN, details: error.message, metadata };
}
