/**
 * Offline stand-in, used only where the official Node.js policy host cannot be installed: runs a policy pack.
 *
 * The engine starts it in the pack's directory, with its own address and "." as arguments. The SDK's runner would load a
 * TypeScript compiler first; Node runs a pack in TypeScript as it is.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { endWithParent } from "../protocol/parent.ts";

endWithParent();

interface Runner {
  run(options: {
    readonly argv: { readonly _: readonly string[] };
    readonly typeScript: boolean;
    programStarted(): void;
    reportLoggedError(error: unknown): void;
  }): Promise<unknown>;
}

/** The engine then prints nothing of its own: the error was logged already. */
const EXIT_AFTER_LOGGED_ERROR = 32;

const logged = new Set<unknown>();
let uncaught = 0;
// Without this a rejected promise could end a pack with exit code 0, as if it had no complaint.
process.on("exit", (code) => {
  if (code === 0 && uncaught > 0) process.exitCode = logged.size > 0 ? EXIT_AFTER_LOGGED_ERROR : 1;
});
for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error: unknown) => {
    uncaught += 1;
    if (!logged.has(error)) console.error(error);
  });
}

const [, pack = "."] = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
// The pack's own SDK where it has one: log and settings live in module state.
const sdk = createRequire(pathToFileURL(join(process.cwd(), "package.json")));
const runner = sdk("@pulumi/pulumi/cmd/run-policy-pack/run") as Runner;
await runner.run({
  argv: { _: [pack] },
  typeScript: false,
  programStarted: () => {},
  reportLoggedError: (error) => logged.add(error),
});
