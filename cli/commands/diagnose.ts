/** Names what is wrong with how pods share a FUSE mount: in manifests, or in a cluster where they run. It changes nothing. */
import { Option } from "commander";
import { stringify } from "yaml";
import { MARKS } from "../../base/marks.ts";
import { printAll, say } from "../../base/output.ts";
import { UserError } from "../../base/problem.ts";
import { FINDINGS, layoutOf } from "../../core/layout/index.ts";
import { diagnoseRoles } from "../../core/rights/rights.ts";
import { findingLines, isFailure, layoutSummary } from "../../report/findings.ts";
import { command, optionsIn } from "../command.ts";
import type { LiveOptions } from "../diagnose/live.ts";
import { readManifests } from "../diagnose/manifests.ts";
import { clusterOptions } from "../options.ts";
import { EXIT } from "../run.ts";

interface Options extends LiveOptions {
  readonly kustomize: string;
  readonly printRole?: boolean;
}

/** Each of these says that pods are meant which run. */
const LIVE = ["namespace", "producer", "reader", "path", "context", "kubeconfig", "allowEphemeral"] as const;

const idsOf = (severity: "error" | "advice"): string =>
  Object.entries(FINDINGS)
    .filter(([, one]) => one === severity)
    .map(([id]) => `  ${id}`)
    .join("\n");

const diagnoseCommand = () =>
  command("diagnose", [
    new Option("-n, --namespace <name...>", "read the pods that run in these namespaces, instead of files"),
    new Option(
      "--producer <kind/name>",
      "what has the daemon, as deploy/decypharr; without it, whoever mounts is found",
    ),
    new Option(
      "--reader <kind/name>",
      "what reads, as deploy/sonarr; without it, whoever shares the daemon's directory",
    ),
    new Option("--path <directory>", "judge only mounts at this directory of the containers, above it or below it"),
    ...clusterOptions(),
    new Option(
      "--allow-ephemeral [image]",
      "add an ephemeral container, which stays until its pod goes, where an image has no cat; the image needs sh, cat, stat and timeout",
    ),
    new Option(
      "--print-role",
      "print the least rights that reading these namespaces needs, as Roles, and do nothing else",
    ),
    new Option("--json", 'print one JSON document: {"findings": [...]}'),
    new Option("--strict", "let advice, too, end with exit code 1"),
    new Option("--kustomize <program>", "what builds kustomizations").default("kustomize"),
  ])
    .argument("[path...]", "files, directories, kustomizations, or - for standard input")
    .addHelpText(
      "after",
      `
Give it all that is applied together, the daemon and its readers: a reader is known by what it shares with its daemon.
A rendered chart comes on standard input: helm template ... | npm run diagnose -- -

Errors:
${idsOf("error")}
Advice:
${idsOf("advice")}

Of files it is static, and no proof: whether a mount crosses on your node, npm start says.

With -n, --producer or --reader it reads pods that run, and changes nothing: their specs, status, events, the daemon's last log lines,
their nodes, and by exec the mount tables of daemon and readers, whose mounts it asks with a deadline. It names the broken link by the
causes of a test, and says of each finding whether it is a proof or an inference:
  npm run diagnose -- -n media --producer deploy/decypharr --reader deploy/sonarr

Exit codes: 0 nothing wrong found (advice counts only with --strict), 1 findings, 2 an input, a cluster or a container that cannot be
read`,
    );

export async function runDiagnose(args: readonly string[]): Promise<number> {
  const program = diagnoseCommand();
  const options = optionsIn<Options>(program, args);
  const { json, strict, kustomize, printRole, namespace, allowEphemeral } = options;
  const live = LIVE.filter((key) => options[key] !== undefined);
  if (printRole) {
    const roles = diagnoseRoles(namespace ?? ["default"], allowEphemeral !== undefined);
    process.stdout.write(roles.map((one) => stringify(one, { aliasDuplicateObjects: false })).join("---\n"));
    return EXIT.success;
  }
  if (live.length > 0 && program.args.length > 0)
    throw new UserError(`diagnose: ${program.args[0]} is a file, and --${live[0]} is of a cluster`, {
      remedy: "name files, or a namespace, daemon and reader of a cluster, and not both (-n takes all words behind it)",
    });
  // What reads a cluster takes half a second to load.
  if (live.length > 0) return (await import("../diagnose/live.ts")).diagnoseLive(options);
  if (program.args.length === 0)
    throw new UserError("diagnose: nothing is named that it should read", {
      remedy: "name files or directories, - for standard input, or a namespace of a cluster with -n",
    });
  const { manifests, unreadable, unbuilt } = readManifests(program.args, kustomize);
  for (const { file, words } of unreadable) say(`${MARKS.failure} ${file}: cannot be read: ${words}`);
  if (unreadable.length > 0) return EXIT.tool;
  for (const folder of unbuilt)
    say(`${MARKS.inconclusive} ${folder}: read without its patches, since there is no ${kustomize}`);
  const layout = layoutOf(manifests);
  const { findings } = layout;
  if (json) process.stdout.write(`${JSON.stringify({ findings })}\n`);
  else printAll(findings.flatMap(findingLines));
  say(layoutSummary(layout));
  return isFailure(findings, strict) ? EXIT.failure : EXIT.success;
}
