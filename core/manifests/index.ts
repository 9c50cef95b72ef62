import { type AdmissionBinding, type AdmissionPolicy, admission } from "../admission/index.ts";
import { type Pair, planOf } from "../plan/plan.ts";
import { allowedBy } from "../rules/allowed.ts";
import type { Settings } from "../settings/settings.ts";
import { consumer } from "./consumer.ts";
import { namespace } from "./namespace.ts";
import { probeConfigMap } from "./probe.ts";
import { producer } from "./producer.ts";
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
}

/**
 * The one builder: Pulumi applies and the export writes these same objects.
 *
 * @param scripts the probe's files by name, as `probe/` holds them
 */
export function bundle(settings: Settings, scripts: Readonly<Record<string, string>>): Bundle {
  return {
    namespace: namespace(settings),
    // The sweep's own pods must pass, or a destroy could not check the nodes.
    admission: settings.admission ? admission({ ...allowedBy(settings), scripts, sweep: true }) : [],
    probe: probeConfigMap(settings, scripts),
    pods: planOf(settings).pairs.map((pair) => ({
      ...pair,
      producer: producer(settings, pair),
      consumer: consumer(settings, pair),
    })),
  };
}
