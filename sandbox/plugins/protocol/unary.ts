/** Offline stand-in, used only where the official plugins cannot be installed: a gRPC handler from an async function. */
import type * as grpc from "@grpc/grpc-js";

export function unary<Request, Response>(
  answer: (request: Request) => Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
  return (call, callback) => {
    answer(call.request).then(
      (response) => callback(null, response),
      (error: unknown) => callback(error as grpc.ServiceError),
    );
  };
}
