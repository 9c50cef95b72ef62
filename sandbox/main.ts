/**
 * The embedded default: a real two-node Kubernetes on this machine, and the Pulumi engine.
 *
 *   npm run sandbox -- up | down | status | kubeconfig | engine
 */
import { existsSync } from "node:fs";
import { Command } from "commander";
import { exclusively } from "../base/lock.ts";
import { MARKS } from "../base/marks.ts";
import * as paths from "../base/paths.ts";
import { Interrupted, SandboxError } from "../base/problem.ts";
import { explain } from "../base/progress.ts";
import { stop } from "../base/stop.ts";
import { prepareEverything } from "./build/everything.ts";
import { down } from "./down.ts";
import { prepareEngine } from "./engine.ts";
import { checkPackages, ensurePackages } from "./host/packages.ts";
import { status } from "./status.ts";
import { up } from "./up.ts";

// Others than root enter what is made here: the images' directories above all. What is secret has a mode of its own.
process.umask(0o022);

const program = new Command("sandbox").description(
  "A real two-node Kubernetes on this machine (k3s-w2: shared root mount, k3s-w1: private), and the Pulumi engine.",
);

program
  .command("up")
  .description("start it; a running one is reused")
  .option("--json", "print one JSON document: kubeconfig, context, nodes, images, environment for the engine")
  .action(async ({ json }) => {
    const sandbox = await up();
    print(json, sandbox, `${sandbox.reused ? "already up" : "up"}: export KUBECONFIG=${sandbox.kubeconfig}`);
  });

program
  .command("down")
  .description("remove every process, mount, network interface and control group of it")
  .action(down);

program
  .command("status")
  .description("what runs, and what is left on the nodes or, when down, on this machine (then exit code 1)")
  .option("--json", "print one JSON document")
  .action(async ({ json }) => {
    const now = await status();
    const lines = [
      now.running
        ? `running${now.ailment ? `, but ${now.ailment}` : ""}`
        : now.busy
          ? "being started or stopped"
          : "not running",
      ...now.nodes.map(
        ({ name, ready, message }) =>
          `${ready ? MARKS.success : MARKS.failure} node ${name}${ready ? "" : `: ${message}`}`,
      ),
      ...now.processes.map(
        ({ name, pid, alive }) => `${alive ? MARKS.success : MARKS.failure} ${name} (process ${pid})`,
      ),
      ...now.residue.map((line) => `${MARKS.inconclusive} left: ${line}`),
    ];
    print(json, now, lines.join("\n"));
    if (!now.running && now.residue.length > 0) process.exitCode = 1;
  });

program
  .command("kubeconfig")
  .description("print the path of its kubeconfig")
  .option("--json", "print one JSON document")
  .action(({ json }) => {
    if (!existsSync(paths.kubeconfig)) throw new SandboxError("the sandbox is not up", "npm run sandbox -- up");
    print(json, { kubeconfig: paths.kubeconfig }, paths.kubeconfig);
  });

program
  .command("engine")
  .description("only the Pulumi engine and its plugins, for a cluster of your own")
  .option("--json", "print one JSON document: environment, plugins, version")
  .action(async ({ json }) => {
    const engine = await exclusively(prepareEngine);
    print(json, engine, `pulumi ${engine.engine.version} in ${engine.binaries}`);
  });

program
  .command("tools")
  .description("only compile and build what the sandbox and the project's own tests run")
  .action(prepareEverything);

program
  .command("packages")
  .description("only the Debian packages that the project's own checks need")
  .action(async () => {
    await ensurePackages(Object.keys(checkPackages));
  });

// The command that is under way fails as soon as it can, and cleans up on its way out.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);

// Nor may it end because nobody reads its progress any more, or the terminal was closed.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (!["EPIPE", "EIO"].includes(error.code ?? "")) throw error;
  });

try {
  await program.parseAsync();
} catch (error) {
  await explain(error);
  process.exitCode = error instanceof Interrupted ? 130 : 2;
}

function print(json: boolean | undefined, document: unknown, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(document, null, 2) : text}\n`);
}
