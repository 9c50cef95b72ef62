import { type AdmissionBinding, type AdmissionPolicy, admission } from "../admission/index.ts";
import { type Pair, planOf } from "../plan/plan.ts";
import { allowedBy } from "../rules/allowed.ts";
import type { Settings } from "../settings/settings.ts";
import { consumer } from "./consumer.ts";
import { namespace } from "./namespace.ts";
import { probeConfigMap } from "./probe.ts";
import { producer } from "./producer.ts";
import { samePod } from "./samePod.ts";
import type { ConfigMap, Namespace, Pod } from "./types.ts";

export type * from "./types.ts";
export type AdmissionObject = AdmissionPolicy | AdmissionBinding;

/** Every object of one test, by its part. */
export interface Bundle {
  readonly namespace: Namespace;
  /** The isolation rules for the cluster itself, where the settings ask for them. */
  readonly admission: readonly AdmissionObject[];
  readonly probe: ConfigMap;
  /** The base pair of each node first, then those of its scenarios. */
  readonly pods: readonly (Pair & { readonly producer: Pod; readonly consumer: Pod })[];
  /** Of the scenarios whose daemon is a sidecar of the readers' own pod. */
  readonly samePods: readonly (Pair & { readonly pod: Pod })[];
}

/**
 * The one builder: Pulumi applies and the export writes these same objects.
 *
 * @param scripts the probe's files by name, as `probe/` holds them
 */
export function bundle(settings: Settings, scripts: Readonly<Record<string, string>>): Bundle {
  const { pairs } = planOf(settings);
  return {
    namespace: namespace(settings),
    // The sweep's own pods must pass, or a destroy could not check the nodes.
    admission: settings.admission ? admission({ ...allowedBy(settings), scripts, sweep: true }) : [],
    probe: probeConfigMap(settings, scripts),
    pods: pairs
      .filter(({ variation }) => !variation.samePod)
      .map((pair) => ({ ...pair, producer: producer(settings, pair), consumer: consumer(settings, pair) })),
    samePods: pairs
      .filter(({ variation }) => variation.samePod)
      .map((pair) => ({ ...pair, pod: samePod(settings, pair) })),
  };
}
