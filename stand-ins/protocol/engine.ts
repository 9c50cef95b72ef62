/** How a plugin and the engine that started it find each other, and part. */
import * as grpc from "@grpc/grpc-js";

/** Milliseconds between two checks of whether the engine still lives. */
const PARENT_CHECK_MS = 500;

/** The engine's address, which may follow flags (`-v=9`, `--logtostderr`, `--tracing <url>`). */
export function engineAddressIn(args: readonly string[]): string | undefined {
  return args.find((argument, index) => !argument.startsWith("-") && args[index - 1] !== "--tracing");
}

/** Binds the server to a free port of the loopback interface. */
export function bind(server: grpc.Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}

/**
 * Binds the server and prints its port, where the engine reads it.
 *
 * @param cancel ends what is under way before the process ends, on a signal or with the engine
 */
export async function serveEngine(server: grpc.Server, cancel: () => Promise<unknown> = async () => {}): Promise<void> {
  const port = await bind(server);
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void cancel().finally(() => process.exit(130)));
  endWithParent(cancel);
  process.stdout.write(`${port}\n`);
}

/** An engine that was killed cannot tell its plugins to stop: without this they would wait for it for ever. */
function endWithParent(cancel: () => Promise<unknown>): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    void cancel().finally(() => process.exit(1));
  }, PARENT_CHECK_MS);
  timer.unref();
}
