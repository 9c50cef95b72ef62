/** Names what is wrong in manifests that share a FUSE mount, before or after they fail. It runs nothing. */
import { Option } from "commander";
import { MARKS } from "../../base/marks.ts";
import { printAll, say } from "../../base/output.ts";
import { FINDINGS, type Finding, layoutOf } from "../../core/layout/index.ts";
import { command, optionsIn } from "../command.ts";
import { readManifests } from "../diagnose/manifests.ts";
import { EXIT } from "../run.ts";

interface Options {
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly kustomize: string;
}

const idsOf = (severity: "error" | "advice"): string =>
  Object.entries(FINDINGS)
    .filter(([, one]) => one === severity)
    .map(([id]) => `  ${id}`)
    .join("\n");

export const diagnoseCommand = () =>
  command("diagnose", [
    new Option("--json", 'print one JSON document: {"findings": [...]}'),
    new Option("--strict", "let advice, too, end with exit code 1"),
    new Option("--kustomize <program>", "what builds kustomizations").default("kustomize"),
  ])
    .argument("<path...>", "files, directories, kustomizations, or - for standard input")
    .addHelpText(
      "after",
      `
Give it all that is applied together, the daemon and its readers: a reader is known by what it shares with its daemon.
A rendered chart comes on standard input: helm template ... | npm run diagnose -- -

Errors:
${idsOf("error")}
Advice:
${idsOf("advice")}

It is static, and no proof: whether a mount crosses on your node, npm start says.

Exit codes: 0 nothing wrong found (advice counts only with --strict), 1 findings, 2 an input that cannot be read`,
    );

export async function runDiagnose(args: readonly string[]): Promise<number> {
  const program = diagnoseCommand();
  const { json, strict, kustomize } = optionsIn<Options>(program, args);
  const { manifests, unreadable, unbuilt } = readManifests(program.args, kustomize);
  for (const { file, words } of unreadable) say(`${MARKS.failure} ${file}: cannot be read: ${words}`);
  if (unreadable.length > 0) return EXIT.tool;
  for (const folder of unbuilt)
    say(`${MARKS.inconclusive} ${folder}: read without its patches, since there is no ${kustomize}`);
  const { findings, producers, readers } = layoutOf(manifests);
  if (json) process.stdout.write(`${JSON.stringify({ findings })}\n`);
  else printAll(findings.flatMap(linesOf));
  const errors = findings.filter(({ severity }) => severity === "error").length;
  say(summary(errors, findings.length - errors, producers, readers));
  return errors > 0 || (strict && findings.length > 0) ? EXIT.failure : EXIT.success;
}

function linesOf({ id, severity, file, object, path, message, fix }: Finding): string[] {
  return [
    `${severity === "error" ? MARKS.failure : MARKS.note} ${id}  ${object}`,
    `  ${message}`,
    `  at   ${file}: ${path}`,
    `  fix  ${fix}`,
    "",
  ];
}

function summary(errors: number, advice: number, producers: number, readers: number): string {
  const seen = `${count(producers, "FUSE daemon")} and ${count(readers, "reader")}`;
  if (producers === 0) return `${MARKS.inconclusive} no FUSE daemon found: give it the daemon's manifest as well`;
  const found = [...(errors > 0 ? [count(errors, "error")] : []), ...(advice > 0 ? [`${advice} of advice`] : [])];
  return found.length > 0
    ? `${errors > 0 ? MARKS.failure : MARKS.note} ${found.join(", ")} in the manifests of ${seen} (static: no proof)`
    : `${MARKS.success} nothing wrong found in the manifests of ${seen} (static: no proof)`;
}

const count = (many: number, what: string): string => `${many} ${what}${many === 1 ? "" : "s"}`;
