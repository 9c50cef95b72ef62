/**
 * The Pulumi program: stack configuration -> settings -> the test -> stack outputs.
 *
 * `pulumi up` runs it as it stands; the Automation API calls the same function inline (see cli/start/pulumi.ts).
 */
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { explanation } from "./base/problem.ts";
import { NoClusterError } from "./cluster/connect.ts";
import { requireReach } from "./cluster/reach.ts";
import { requireOwnNamespace } from "./cluster/sweepNamespace.ts";
import { FluxExport } from "./components/fluxExport.ts";
import { FusePropagationTest } from "./components/fusePropagationTest.ts";
import { PROJECT } from "./core/contract/names.ts";
import { type Settings, SettingsError, type SettingsInput, settingsFromConfig } from "./core/settings/settings.ts";
import { OUTPUTS, stackOutputs } from "./report/outputs.ts";

/** @param secret settings that this process has and the stack's configuration does not */
export default async function program(secret: Partial<SettingsInput> = {}): Promise<Record<string, unknown>> {
  try {
    return await run(settingsFromConfig(pulumi.runtime.allConfig(), PROJECT, secret));
  } catch (error) {
    const words = explanation(error);
    // Anything else than a RunError is shown with a stack trace, as a fault of the program.
    throw words === undefined ? error : new pulumi.RunError(words + configLine(error));
  }
}

async function run(settings: Settings): Promise<Record<string, unknown>> {
  if (settings.mode === "flux") return { exported: new FluxExport(pulumi.getStack(), settings).exported };

  await reach(settings);
  const { kubeconfig, context } = settings;
  const provider = new Provider("cluster", {
    ...(kubeconfig ? { kubeconfig } : {}),
    ...(context ? { context } : {}),
    // Creation is exclusive: a namespace of somebody else is never taken over, even where an environment variable of the plugin says otherwise.
    upsertExistingObjects: false,
  });
  const test = new FusePropagationTest(pulumi.getStack(), settings, { provider });
  const outputs = test.verdicts.apply((nodes) => stackOutputs(test.run, nodes));
  return Object.fromEntries(OUTPUTS.map((name) => [name, outputs.apply((all) => all[name])]));
}

/** A preview judges objects by the policies, in a pipeline for one. That needs no cluster, only the right one in the settings. */
async function reach(settings: Settings): Promise<void> {
  const { namespace } = settings;
  try {
    await requireOwnNamespace(await requireReach(settings), { namespace });
  } catch (error) {
    const words = error instanceof NoClusterError && pulumi.runtime.isDryRun() ? explanation(error) : undefined;
    if (words === undefined) throw error;
    await pulumi.log.warn(words);
  }
}

/** Whoever runs a stack sets its configuration, not options. */
function configLine(error: unknown): string {
  const key = error instanceof SettingsError ? error.faults[0]?.key : undefined;
  if (key === undefined) return "";
  return `\n  remedy: pulumi config set --path '${key === "nodes" ? "nodes[0]" : key}' VALUE`;
}
