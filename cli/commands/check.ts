/** Judges Kubernetes manifests by the isolation rules: what is written here, before it reaches a cluster. */
import { Option } from "commander";
import { MARKS } from "../../base/marks.ts";
import { printAll, say } from "../../base/output.ts";
import { UserError } from "../../base/problem.ts";
import { admission } from "../../core/admission/index.ts";
import { type Allowed, allowedBy, RULES } from "../../core/rules/index.ts";
import { DEFAULTS } from "../../policy/defaults.ts";
import { probeScripts } from "../../probe/scripts.ts";
import { counted } from "../../report/findings.ts";
import { type FileViolation, judgeFiles } from "../check/judge.ts";
import { command, optionsIn } from "../command.ts";
import { EXIT } from "../run.ts";

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

export const checkCommand = () =>
  command("check", [
    new Option("--json", "print one JSON object a violation, a line each"),
    new Option("--rule <id...>", "judge by these rules only").choices(RULES.map(({ id }) => id)),
    new Option("-s, --stack <name>", "allow what Pulumi.<name>.yaml says, in place of the defaults below"),
    new Option("-n, --node <name...>", `allow these nodes (default: ${DEFAULTS.nodes.join(", ")})`),
    new Option("--namespace <name>", `allow this namespace (default: ${DEFAULTS.namespace})`),
    new Option("--bridge <path>", `allow this directory of a node (default: ${DEFAULTS.bridge})`),
    new Option("--source <name...>", "let Flux take objects from these GitRepositories (default: flux-system)"),
    new Option("--kustomize <program>", "judge what this program builds as well (default: kustomize, if any)"),
  ])
    .argument("<path...>", "files, directories, or - for standard input")
    .addHelpText(
      "after",
      `
Name the paths first: --rule, --node and --source take all words behind them.

Rules:
${RULES.map(({ id, title }) => `  ${id.padEnd(26)} ${title}`).join("\n")}

Exit codes: 0 clean, 1 violations, 2 an input that cannot be read`,
    );

export async function runCheck(args: readonly string[]): Promise<number> {
  const program = checkCommand();
  const options = optionsIn<Options>(program, args);
  return check(program.args, await allowedIn(options), options);
}

async function allowedIn({ stack, node, namespace, bridge, source }: Options): Promise<Allowed> {
  // Only a stack needs the settings' schema, which takes longer to load than a hundred files to judge.
  const base = allowedBy(stack === undefined ? DEFAULTS : (await import("../options.ts")).readSettings({ stack }));
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
  const write = options.json ? writeJson : writeText;
  const { objects, files, violations, unreadable, built } = judgeFiles(
    paths,
    allowed,
    rules,
    write,
    options.kustomize ?? "kustomize",
  );
  for (const { file, words } of unreadable) say(`${MARKS.failure} ${file}: cannot be read: ${words}`);
  if (unreadable.length > 0) return EXIT.tool;
  if (objects === 0)
    throw new UserError(`there is no Kubernetes object in ${paths.join(", ")}`, { remedy: "name the manifests" });
  const what = `${counted(objects, "object")} in ${counted(files, "file")}${built ? ", and in what kustomize builds," : ""}`;
  say(
    violations > 0
      ? `${MARKS.failure} ${counted(violations, "violation")} in ${what}`
      : `${MARKS.success} ${what} keep the isolation rules`,
  );
  return violations > 0 ? EXIT.failure : EXIT.success;
}

/** A file's findings in one piece: there may be ten thousand of them. */
const writeJson = (findings: readonly FileViolation[]): void => {
  process.stdout.write(`${findings.map((finding) => JSON.stringify(finding)).join("\n")}\n`);
};
const writeText = (findings: readonly FileViolation[]): void => printAll(findings.map(asText));
const asText = ({ file, document, rule, message }: FileViolation): string =>
  `${MARKS.failure} ${file}${document > 1 ? ` (document ${document})` : ""}  ${rule}: ${message}`;
