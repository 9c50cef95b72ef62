/**
 * Pulumi's own commands with the policy pack. The engine is the machine's where it has the right one, else the sandbox's. All
 * options are Pulumi's.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { Command } from "commander";
import { repository } from "../../base/paths.ts";
import { PROJECT } from "../../core/contract/names.ts";
import { passedThrough } from "../child.ts";
import { VERBS } from "../verbs.ts";

type Verb = "preview" | "up" | "destroy";

export async function runEngine(verb: Verb, args: readonly string[]): Promise<number> {
  // At once: the engine may have to be fetched or compiled first.
  if (args.includes("--help") || args.includes("-h")) engineHelp(verb);
  const { prepareEngine } = await import("../start/target.ts");
  const { env } = await prepareEngine();
  // A destroy makes nothing that a policy could judge.
  const pack = verb === "destroy" ? [] : ["--policy-pack", join(repository, "policy")];
  return passedThrough(
    spawn("pulumi", [verb, ...pack, ...args], { cwd: repository, stdio: "inherit", env: { ...process.env, ...env } }),
  );
}

/** @throws CommanderError, as each verb's help does */
const engineHelp = (verb: Verb): never =>
  new Command(`${PROJECT} ${verb}`)
    .exitOverride()
    .usage(`[options of pulumi ${verb}]`)
    .description(VERBS[verb])
    .helpOption(false)
    .addHelpText(
      "after",
      `
All options are Pulumi's: https://www.pulumi.com/docs/iac/cli/commands/pulumi_${verb}/
Most used: -s NAME for the stack (else the one that \`pulumi stack select\` chose), --diff, --yes, --json.
Exit codes are Pulumi's, too.`,
    )
    .help();
