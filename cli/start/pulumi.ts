/** One run's Pulumi stack, driven through the Automation API with the program inline. */
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type EngineEvent, LocalWorkspace, type ProjectSettings, type Stack } from "@pulumi/pulumi/automation/index.js";
import { parse, stringify } from "yaml";
import { privateFolder, repository } from "../../base/paths.ts";
import { UserError } from "../../base/problem.ts";
import { PROJECT } from "../../core/contract/names.ts";
import type { NodeVerdict } from "../../core/diagnosis/answer.ts";
import { type Allowed, RULES } from "../../core/rules/index.ts";
import { SECRET } from "../../core/settings/settings.ts";
import program from "../../index.ts";
import { forget, stateFolder } from "../stack/claim.ts";
import { reportFiles, verdictsReported } from "./reports.ts";

export interface Run {
  /** What would be created, by type; the policies speak here. */
  preview(): Promise<Readonly<Record<string, number>>>;
  up(): Promise<void>;
  /** The verdicts as the collector has reported them, also after an `up` that failed elsewhere; empty where there are none. */
  verdicts(): Readonly<Record<string, NodeVerdict>>;
  destroy(): Promise<void>;
  /** Forgets the stack: everything of it is gone. */
  forget(): void;
}

/**
 * @param settings the checked settings as an operator would give them: they go through the stack's configuration
 * @param allowed what the policy pack allows instead of its own defaults: never taken from the stack itself
 * @param onEvent takes the engine's events while the resources are worked on
 */
export async function openRun(
  stack: string,
  settings: Readonly<Record<string, unknown>>,
  allowed: Partial<Pick<Allowed, "nodes" | "namespace" | "bridge">>,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
  onEvent: (event: EngineEvent) => void,
): Promise<Run> {
  const folder = stateFolder(stack);
  privateFolder(folder);
  for (const name of ["state", "tmp"]) mkdirSync(join(folder, name), { recursive: true });
  // The project file as it stands, so that its typed configuration is enforced here too; only its program is elsewhere.
  const project = parse(readFileSync(join(repository, "Pulumi.yaml"), "utf8")) as ProjectSettings;
  writeFileSync(join(folder, "Pulumi.yaml"), stringify({ ...project, main: repository }));
  // The Automation API looks for the engine on this process's own PATH.
  Object.assign(process.env, env);
  // A secret stays in this process: the stack's own file is plain text, and `pulumi config set` an argument in the list of processes.
  const secret = Object.entries(settings).filter(([key]) => SECRET.has(key));
  const open = Object.entries(settings).filter(([key]) => !SECRET.has(key));
  const config = Object.fromEntries(open.map(([key, value]) => [`${PROJECT}:${key}`, value]));
  const opened: Stack = await LocalWorkspace.createStack(
    { stackName: stack, projectName: PROJECT, program: () => program(Object.fromEntries(secret)) },
    {
      workDir: folder,
      envVars: {
        ...env,
        PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
        // The official kubernetes plugin leaves a copy of the kubeconfig, credentials included, in the temporary directory.
        TMPDIR: join(folder, "tmp"),
        // Nobody needs the state when this process has ended: what a killed run left is found by its claim.
        PULUMI_CONFIG_PASSPHRASE: randomUUID(),
        ...reportFiles(stack),
      },
      stackSettings: { [stack]: { config: config as Record<string, string> } },
    },
  );
  // After each operation the Automation API asks for outputs and history, in half a second each. Nobody reads them.
  Object.assign(opened, { outputs: async () => ({}), info: async () => undefined });
  const policies = policyOptions(folder, allowed);

  return {
    preview: async () => {
      const types: Record<string, number> = {};
      const counting = (event: EngineEvent) => {
        const { type } = event.resourcePreEvent?.metadata ?? {};
        if (type && !type.startsWith("pulumi:")) types[type] = (types[type] ?? 0) + 1;
        onEvent(event);
      };
      await attempt("pulumi preview", opened.preview({ ...policies, signal, onEvent: counting }));
      return types;
    },
    up: () =>
      attempt("pulumi up", opened.up({ ...policies, signal, onEvent })).finally(() => {
        // It names the command that is allowed, and nothing after this reads it.
        for (const file of policies.policyPackConfigs) rmSync(file, { force: true });
      }),
    verdicts: () => verdictsReported(stack),
    destroy: () => attempt("pulumi destroy", opened.destroy({ onEvent })),
    forget: () => forget(stack),
  };
}

/** Every policy of the pack gets the same configuration. */
function policyOptions(folder: string, allowed: object) {
  const file = join(folder, "policies.json");
  writeFileSync(file, JSON.stringify(Object.fromEntries(RULES.map(({ id }) => [id, allowed]))), { mode: 0o600 });
  return { policyPacks: [join(repository, "policy")], policyPackConfigs: [file] };
}

/** What went wrong has been printed as it happened; the engine's whole output again would bury it. */
async function attempt(what: string, operation: Promise<unknown>): Promise<void> {
  try {
    await operation;
  } catch (error) {
    // Where the engine did not even begin, its own error is all there is.
    const words = /^error: .*$/m.exec((error as Error).message)?.[0] ?? "";
    throw new UserError(`${what} failed${words ? `: ${words}` : ""}`, { remedy: "see the lines above", cause: error });
  }
}
