/**
 * The export: settings -> the files of a GitOps checkout. The objects are the builder's own, so that what Flux applies is
 * what `pulumi up` applies.
 */

import { bundle } from "../manifests/index.ts";
import type { FluxSettings } from "../settings/flux.ts";
import { identified } from "../settings/identity.ts";
import type { Settings } from "../settings/settings.ts";
import { ownKustomization } from "./kustomization.ts";
import { places } from "./places.ts";
import { render } from "./render.ts";
import { sealed } from "./seal.ts";

/** Whoever commits: the test is the checkout's, and no run by hand may take it away. */
export const fluxOwner = (settings: Settings, flux: FluxSettings): string =>
  settings.owner || `flux:${places(flux).entry}`;

/** Files by their path in the checkout. */
export type Files = ReadonlyMap<string, string>;

/**
 * The files that are ours alone: the test's own directory. The lines in its parents are planned in flux/plan.ts.
 *
 * @param scripts the probe's files by name, as `probe/` holds them
 */
export function exportedFiles(
  settings: Settings,
  flux: FluxSettings,
  scripts: Readonly<Record<string, string>>,
): Files {
  const { entry } = places(flux);
  const objects = bundle(identified({ ...settings, owner: fluxOwner(settings, flux) }, scripts), scripts);
  const nodes = settings.nodes.join(", ");
  const parts: [string, string][] = [
    ["namespace.yaml", render(["Made for the test and removed with it."], [objects.namespace])],
    ...(objects.admission.length > 0
      ? [
          [
            "admission.yaml",
            render(["The isolation rules, enforced by the cluster for this namespace."], objects.admission),
          ] as [string, string],
        ]
      : []),
    ["probe.yaml", render(["What runs in the pods. Each script says at its top what it does."], [objects.probe])],
    [
      "producer.yaml",
      render(
        [
          `Mounts a real FUSE file system below the bridge of ${nodes}: the only privileged container of ${objects.samePods.length > 0 ? "its pods" : "the test"}.`,
        ],
        objects.pods.map(({ producer }) => producer),
      ),
    ],
    [
      "consumer.yaml",
      render(
        [`Reports what unprivileged containers on ${nodes} see of it: kubectl logs -n ${settings.namespace} <pod>`],
        objects.pods.map(({ consumer }) => consumer),
      ),
    ],
    ...(objects.samePods.length > 0
      ? [
          [
            "same-pod.yaml",
            render(
              ["The daemon as a sidecar in its readers' own pod: the sidecar alone is privileged."],
              objects.samePods.map(({ pod }) => pod),
            ),
          ] as [string, string],
        ]
      : []),
  ];
  const list = kustomization(
    "One test of FUSE mount propagation; it builds for Flux, Argo CD and `kubectl apply -k` alike.",
    parts.map(([name]) => name),
  );
  const all: [string, string][] = [...parts, ["kustomization.yaml", list]];
  if (!flux.kustomization) return new Map(all.map(([name, body]) => [`${entry}/${name}`, sealed(body)]));
  const app = `${entry}/app`;
  return new Map([
    ...all.map(([name, body]): [string, string] => [`${app}/${name}`, sealed(body)]),
    [`${entry}/flux.yaml`, sealed(ownKustomization(flux, flux.kustomization, app))],
    [
      `${entry}/kustomization.yaml`,
      sealed(kustomization("The test as a Flux Kustomization of its own.", ["flux.yaml"])),
    ],
  ]);
}

function kustomization(about: string, resources: readonly string[]): string {
  return render([about], [{ apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", resources }]);
}
