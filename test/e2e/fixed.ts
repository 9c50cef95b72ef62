/** A fix of the table in fixes.ts, and what it makes of a provoked deployment. */
import type { SettingsInput } from "../../core/settings/settings.ts";
import { type Deployment, deployment, type Provocation } from "./provoke.ts";
import type { SandboxDocument } from "./sandbox.ts";

export interface Fix {
  readonly cause: string;
  readonly provocation: Provocation;
  /** As the provocation's `before` and `after`, and run as root on the node itself, with the bridge in $BRIDGE. */
  readonly prepare?: string;
  readonly restore?: string;
  /** Commands for root on the node, from the verdict or from the fix, with the bridge in $BRIDGE. */
  readonly onNode?: string | "remedy";
  /** They are run while the pods of the failed run are there. */
  readonly podsStay?: boolean;
  readonly settings?: (cluster: SandboxDocument, id: string) => Partial<SettingsInput>;
  /** Objects beside the bundle's, in place of the provocation's. */
  readonly extra?: Provocation["extra"];
  /** Changes what was provoked; `whole` is the same deployment without a fault. */
  readonly change?: (provoked: Deployment, whole: Deployment) => void;
  /** A pod of `extra` that becomes ready this many seconds after its container has started, or later. */
  readonly ready?: { readonly pod: string; readonly afterSeconds: number };
}

/** The provoked deployment, changed as the fix says. Producer and consumer are made together. */
export function fixed(fix: Fix, cluster: SandboxDocument, id: string): Provocation {
  const { provocation, settings, extra, change } = fix;
  const { change: provoke, consumerAfter: _, ...others } = provocation;
  const next = { ...others, ...(extra ? { extra } : {}), settings: { ...others.settings, ...settings?.(cluster, id) } };
  return {
    ...next,
    change: (all) => {
      provoke?.(all);
      const { producer, consumer, first } = deployment(cluster, next, id);
      const [, probe] = first as [object, { data: Record<string, string> }];
      change?.(all, { ...all, producer, consumer, scripts: probe.data });
    },
  };
}
