/**
 * The Pulumi program: stack configuration -> settings -> the test -> stack outputs.
 *
 * `pulumi up` runs it as it stands; the Automation API calls the same function inline (see cli/start.ts).
 */
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { FluxExport } from "./components/fluxExport.ts";
import { FusePropagationTest } from "./components/fusePropagationTest.ts";
import { PROJECT } from "./core/manifests/names.ts";
import { settingsFromConfig } from "./core/settings.ts";
import { OUTPUTS, stackOutputs } from "./report/outputs.ts";

export default async function program(): Promise<Record<string, unknown>> {
  const settings = settingsFromConfig(pulumi.runtime.allConfig(), PROJECT);
  if (settings.mode === "flux") return { exported: new FluxExport(pulumi.getStack(), settings).exported };

  const { kubeconfig, context } = settings;
  const provider =
    kubeconfig || context
      ? new Provider("cluster", { ...(kubeconfig ? { kubeconfig } : {}), ...(context ? { context } : {}) })
      : undefined;
  const test = new FusePropagationTest(pulumi.getStack(), settings, provider ? { provider } : {});
  const outputs = test.verdicts.apply((nodes) => stackOutputs(test.run, nodes));
  // Each an output of its own; what is known of it in a preview is that it will be there.
  return Object.fromEntries(OUTPUTS.map((name) => [name, outputs.apply((all) => all[name])]));
}
