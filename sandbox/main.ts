/**
 * A real two-node Kubernetes on this machine for whoever names no cluster, and the Pulumi engine.
 *
 *   npm run sandbox -- up | down | status | restart | import | kubeconfig | engine
 */
import { existsSync } from "node:fs";
import { Argument, Command, Option } from "commander";
import { print, tolerateClosedOutput } from "../base/output.ts";
import * as paths from "../base/paths.ts";
import { explain } from "../base/progress.ts";
import { Interrupted, stop } from "../base/stop.ts";
import { prepareEverything } from "./build/everything.ts";
import { KUBERNETES, KUBERNETES_VERSIONS } from "./build/kubernetes.ts";
import { MACHINE_NAMES, MACHINES } from "./build/machines.ts";
import { RUNTIME_NAMES, RUNTIMES } from "./build/runtimes.ts";
import { readRecord } from "./cluster/record.ts";
import { down } from "./down.ts";
import { prepareEngine } from "./engine.ts";
import { checkPackages, ensurePackages } from "./host/packages.ts";
import { importImage } from "./import.ts";
import { exclusively } from "./lock.ts";
import { choosePlatform } from "./platform.ts";
import { SandboxError } from "./problem.ts";
import { restart, SERVICES } from "./restart.ts";
import { linesOf, status } from "./status.ts";
import { up } from "./up.ts";

// Others than root enter what is made here: the images' directories above all. What is secret has a mode of its own.
process.umask(0o022);

const AGAIN = "Run the same command again when you are ready; nothing of this start was left.";

const program = new Command("npm run sandbox --")
  .description(
    "A real two-node Kubernetes on this machine (k3s-w2 with a shared root mount, k3s-w1 with a private one), and the Pulumi engine.",
  )
  .showHelpAfterError("(npm run sandbox -- --help lists the commands)")
  .addHelpText(
    "after",
    "\n`status` exits with 1 where something is left behind; a command that fails exits with 2, an interrupted one with 130.",
  );

program
  .command("up")
  .description("start it, or reuse the one that runs")
  .addOption(
    new Option("--runtime <name>", "the nodes' container runtime; else that of the one that runs, else the first")
      .choices(RUNTIME_NAMES)
      .env("FUSE_TEST_RUNTIME"),
  )
  .addOption(
    new Option("--kubernetes <version>", "the cluster's version; else that of the one that runs, else the first")
      .choices(KUBERNETES_VERSIONS)
      .env("FUSE_TEST_KUBERNETES"),
  )
  .addOption(
    new Option("--machine <name>", "what k3s-w2 is; else that of the sandbox that runs, else the first")
      .choices(MACHINE_NAMES)
      .env("FUSE_TEST_MACHINE"),
  )
  .option("--json", "print one JSON document: kubeconfig, context, nodes, images, platform, environment for the engine")
  .addHelpText(
    "after",
    `${choices("Runtimes", RUNTIMES)}\n${choices("Versions of Kubernetes", KUBERNETES)}\n${choices("Machines", MACHINES)}`,
  )
  .action(async ({ json, ...asked }) => {
    const sandbox = await up(asked);
    answer(json, sandbox, [`${sandbox.reused ? "already up" : "up"}: export KUBECONFIG=${sandbox.kubeconfig}`]);
  });

program
  .command("down")
  .description("stop it, and remove every process, mount, network interface and control group of it")
  .action(down);

program
  .command("status")
  .description("show what runs, and what is left behind on its nodes or, when it is down, on this machine")
  .option("--json", "print one JSON document")
  .action(async ({ json }) => {
    const now = await status();
    answer(json, now, linesOf(now));
    if (!now.running && now.residue.length > 0) process.exitCode = 1;
  });

program
  .command("restart")
  .description("restart the kubelet or the container runtime of a node; its pods go on")
  .addArgument(new Argument("<service>").choices(Object.keys(SERVICES)))
  .argument("<node>", "k3s-w1 or k3s-w2")
  .action((service: keyof typeof SERVICES, node: string) => restart(service, node));

program
  .command("import")
  .description("bring an image of your own onto the nodes, which reach no registry")
  .argument("<archive>", "as `docker save` writes it")
  .option("--json", "print one JSON document: images")
  .action(async (archive: string, { json }) => {
    const images = await importImage(archive);
    answer(json, { images }, images.length > 0 ? images : ["the nodes had all of its images"]);
  });

program
  .command("kubeconfig")
  .description("print the path of its kubeconfig")
  .option("--json", "print one JSON document")
  .action(({ json }) => {
    if (!existsSync(paths.kubeconfig)) throw new SandboxError("the sandbox is not up", "npm run sandbox -- up");
    answer(json, { kubeconfig: paths.kubeconfig }, [paths.kubeconfig]);
  });

program
  .command("engine")
  .description("prepare only the Pulumi engine and its plugins, for a cluster of your own")
  .option("--json", "print one JSON document: environment, plugins, version")
  .action(async ({ json }) => {
    const engine = await exclusively(() => prepareEngine(choosePlatform(readRecord()?.sandbox).kubernetes));
    answer(json, engine, [`pulumi ${engine.engine.version} in ${engine.binaries}`]);
  });

program
  .command("tools")
  .description("only compile and build what the sandbox and the project's own tests run")
  .action(prepareEverything);

program
  .command("packages")
  .description("install only the Debian packages that the project's own checks need")
  .action(async () => {
    await ensurePackages(Object.keys(checkPackages));
  });

// The command that is under way fails as soon as it can, and cleans up on its way out.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
tolerateClosedOutput();

try {
  await program.parseAsync();
} catch (error) {
  const interrupted = error instanceof Interrupted;
  await explain(interrupted ? new SandboxError("interrupted", AGAIN) : error);
  process.exitCode = interrupted ? 130 : 2;
}

function choices(title: string, table: Readonly<Record<string, { readonly what: string }>>): string {
  return `\n${title}:\n${Object.entries(table)
    .map(([name, { what }]) => `  ${name.padEnd(16)} ${what}`)
    .join("\n")}`;
}

function answer(json: boolean | undefined, document: unknown, lines: readonly string[]): void {
  if (json) process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  else for (const line of lines) print(line);
}
