/** A gRPC handler from an async function. */
import * as grpc from "@grpc/grpc-js";

export function unary<Request, Response>(
  answer: (request: Request) => Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
  return (call, callback) => {
    answer(call.request).then(
      (response) => callback(null, response),
      (error: unknown) => callback(rpcError(error)),
    );
  };
}

/** Errors have codes of their own, such as that of an HTTP answer, which are none of gRPC's. */
function rpcError(error: unknown): Partial<grpc.StatusObject> {
  const { code, message } = error as { readonly code?: unknown; readonly message?: string };
  if (typeof code === "number" && grpc.status[code] !== undefined) return error as Partial<grpc.StatusObject>;
  return { code: grpc.status.UNKNOWN, details: message ?? String(error) };
}
