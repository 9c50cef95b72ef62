import type { FluxSettings } from "../settings/flux.ts";
import { render } from "./render.ts";

/** A Flux Kustomization of the test's own: https://fluxcd.io/flux/components/kustomize/kustomizations/ */
export function ownKustomization(
  flux: FluxSettings,
  { namespace, sourceRef, ...times }: NonNullable<FluxSettings["kustomization"]>,
  path: string,
): string {
  const { kind, name } = sourceRef;
  const object = {
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: { name: flux.entry.toLowerCase().replaceAll(/[_.]/g, "-"), namespace },
    spec: {
      interval: times.interval,
      retryInterval: times.retryInterval,
      timeout: times.timeout,
      path: `./${path}`,
      prune: true,
      wait: true,
      force: true,
      deletionPolicy: "WaitForTermination",
      sourceRef: { kind, name, ...(sourceRef.namespace === undefined ? {} : { namespace: sourceRef.namespace }) },
    },
  };
  return render(["Flux applies ./app with it, and takes all of it away when this object goes."], [object]);
}
