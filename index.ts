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
import { worst } from "./core/verdict.ts";

export default async function program(): Promise<Record<string, unknown>> {
  const settings = settingsFromConfig(pulumi.runtime.allConfig(), PROJECT);
  if (settings.mode === "flux") return { exported: new FluxExport(pulumi.getStack(), settings).exported };

  const { kubeconfig, context } = settings;
  const provider =
    kubeconfig || context
      ? new Provider("cluster", { ...(kubeconfig ? { kubeconfig } : {}), ...(context ? { context } : {}) })
      : undefined;
  const test = new FusePropagationTest(pulumi.getStack(), settings, provider ? { provider } : {});
  const answer = test.verdicts.apply(worst);
  return {
    run: test.run,
    /** Of the node with the worst verdict; `nodes` has them all. */
    node: answer.apply(({ node }) => node),
    verdict: answer.apply(({ verdict }) => verdict.verdict),
    grade: answer.apply(({ verdict }) => verdict.grade ?? ""),
    cause: answer.apply(({ verdict }) => verdict.cause),
    evidence: answer.apply(({ verdict }) => verdict.evidence),
    timings: answer.apply(({ verdict }) => verdict.timings),
    decision: answer.apply(({ verdict }) => verdict.decision),
    nodes: test.verdicts,
  };
}
