/** Judges Kubernetes manifests by the isolation rules: what is written here, before it reaches a cluster. */
import { Command, Option } from "commander";
import { printable } from "../base/printable.ts";
import { admission } from "../core/admission/index.ts";
import { type Allowed, allowedBy as allowedBySettings, RULES } from "../core/rules/index.ts";
import { DEFAULTS } from "../policy/defaults.ts";
import { probeScripts } from "../probe/scripts.ts";
import { type Finding, judgeFiles } from "./checkRun.ts";
import { EXIT, main, UserError } from "./problem.ts";

interface Options {
  readonly json?: boolean;
  readonly rule?: string[];
  readonly stack?: string;
  readonly node?: string[];
  readonly namespace?: string;
  readonly bridge?: string;
  readonly source?: string[];
  readonly kustomize?: string;
}

const program = new Command("check")
  .description("judge Kubernetes manifests by the isolation rules")
  .argument("<path...>", "files, directories, or - for standard input")
  .addOption(new Option("--json", "print one JSON object a violation, a line each"))
  .addOption(new Option("--rule <id...>", "judge by these rules only").choices(RULES.map(({ id }) => id)))
  .addOption(new Option("-s, --stack <name>", "allow what Pulumi.<name>.yaml says (default: the homelab)"))
  .addOption(new Option("-n, --node <name...>", "allow these nodes"))
  .addOption(new Option("--namespace <name>", "allow this namespace"))
  .addOption(new Option("--bridge <path>", "allow this directory of a node"))
  .addOption(
    new Option("--source <name...>", "let Flux take objects from these GitRepositories (default: flux-system)"),
  )
  .addOption(new Option("--kustomize <program>", "judge what this program builds as well (default: kustomize, if any)"))
  .addHelpText(
    "after",
    `
Rules:
${RULES.map(({ id, title }) => `  ${id.padEnd(26)} ${title}`).join("\n")}

Exit codes: 0 clean, 1 violations, 2 an input that cannot be read`,
  );

async function allowedBy({ stack, node, namespace, bridge, source }: Options): Promise<Allowed> {
  // Only a stack needs the settings' schema, which takes longer to load than a hundred files to judge.
  const base = allowedBySettings(
    stack === undefined ? DEFAULTS : (await import("./options.ts")).readSettings({ stack }),
  );
  const confined = {
    ...base,
    nodes: node ?? base.nodes,
    namespace: namespace ?? base.namespace,
    bridge: bridge ?? base.bridge,
    ...(source ? { sources: source } : {}),
    scripts: probeScripts(),
  };
  return { ...confined, files: true, policies: admission({ ...confined, sweep: true }) };
}

function check(paths: readonly string[], allowed: Allowed, options: Options): number {
  const rules = options.rule ? RULES.filter(({ id }) => options.rule?.includes(id)) : RULES;
  const print = options.json ? asJson : asText;
  const { objects, files, violations, unreadable, built } = judgeFiles(
    paths,
    allowed,
    rules,
    (findings) => {
      process.stdout.write(`${findings.map(print).join("\n")}\n`);
    },
    options.kustomize ?? "kustomize",
  );
  for (const { file, words } of unreadable)
    process.stderr.write(`${printable(`× ${file}: cannot be read: ${words}`)}\n`);
  if (unreadable.length > 0) return EXIT.tool;
  if (objects === 0)
    throw new UserError(`there is no Kubernetes object in ${paths.join(", ")}`, { remedy: "name the manifests" });
  const what = `${objects} object${objects === 1 ? "" : "s"} in ${files} file${files === 1 ? "" : "s"}${built ? ", and in what kustomize builds," : ""}`;
  process.stderr.write(
    violations > 0
      ? `× ${violations} violation${violations === 1 ? "" : "s"} in ${what}\n`
      : `√ ${what} keep the isolation rules\n`,
  );
  return violations > 0 ? EXIT.failure : EXIT.success;
}

const asJson = (finding: Finding): string => JSON.stringify(finding);
const asText = ({ file, document, rule, message }: Finding): string =>
  printable(`× ${file}${document > 1 ? ` (document ${document})` : ""}  ${rule}: ${message}`);

await main(async () => {
  program.parse();
  const options = program.opts<Options>();
  return check(program.args, await allowedBy(options), options);
});
