/** What a sweep takes away: in the cluster first, then on each node, which is at rest only when the pods have ended. */
import { MARKS } from "../base/marks.ts";
import type { Settings } from "../core/settings/settings.ts";
import { probeScripts } from "../probe/scripts.ts";
import { connect } from "./connect.ts";
import { beginToDelete, endPods, imagesThere, namespaceGone, namespaceMade, withNamespace } from "./sweepNamespace.ts";
import { freeNode, type Residue, type SweepOptions, sweepNode } from "./sweepNode.ts";
import { sweepPolicies } from "./sweepPolicies.ts";

/**
 * What a sweep takes away besides what a run has left on the nodes. `pods`: those, and it begins to delete the namespace, as an engine
 * will that knows it to be its own.
 */
export type Reach = "nodes" | "pods" | "everything";

export async function sweepAll(settings: Settings, reach: Reach, print: (line: string) => void): Promise<Residue[]> {
  const config = connect(settings);
  const { "sweep.sh": script = "" } = probeScripts();
  const sweep = (asked: Settings, since: Date | undefined, deleteNamespace?: () => Promise<unknown>) => {
    const one = (node: string, more: While) => sweepNode(config, asked, node, { script, since, print, ...more });
    return sweepNodes(one, asked.nodes, deleteNamespace);
  };
  /** Ends the pods first, and has the namespace go as soon as it may: not while pods may stay in it. */
  const sweepAtRest = async (asked: Settings, since: Date | undefined, deleteNamespace: () => Promise<unknown>) => {
    const free = () => Promise.all(asked.nodes.map((node) => freeNode(config, asked, node, script, print)));
    const kept = await endPods(config, asked, reach === "everything" ? found : () => undefined, free);
    return sweep(asked, since, kept ? undefined : deleteNamespace);
  };
  const found = (names: string) =>
    print(`${MARKS.inconclusive} ${settings.namespace}  removing ${names} of an earlier run`);

  let since: Date | undefined;
  const first = async (): Promise<Swept> => {
    if (reach === "everything")
      return withNamespace(config, settings, async (made, begin) => {
        since = made;
        await sweepPolicies(config, settings, print);
        return sweepAtRest({ ...settings, ...(await imagesThere(config, settings)) }, since, begin);
      });
    since = await namespaceMade(config, settings);
    return reach === "nodes"
      ? sweep(settings, since)
      : sweepAtRest(settings, since, () => beginToDelete(config, settings));
  };

  const { residue, missed } = await first();
  if (missed.length === 0) return residue;
  await namespaceGone(config, settings);
  const again = await withNamespace(config, settings, () => sweep({ ...settings, nodes: missed }, since));
  return [...residue, ...again.residue];
}

type While = Pick<SweepOptions, "onPrompt" | "going">;
interface Swept {
  readonly residue: Residue[];
  /** Nodes that were not looked at, or not swept, since the namespace was faster. */
  readonly missed: string[];
}

/**
 * Sweeps all nodes at once.
 *
 * @param deleteNamespace called as soon as every node has the pod that looks at it in hand: a namespace takes its time to go, and so long
 * as it does, the pods run on
 */
async function sweepNodes(
  sweep: (node: string, more: While) => Promise<Residue[] | undefined>,
  nodes: readonly string[],
  deleteNamespace?: () => Promise<unknown>,
): Promise<Swept> {
  const waiting = new Set(nodes);
  let going: Promise<unknown> | undefined;
  const mayGo = (node: string) => {
    if (!deleteNamespace || !waiting.delete(node) || waiting.size > 0) return;
    // Whoever waits until it is gone also learns why it does not go.
    going = deleteNamespace().catch(() => undefined);
  };
  const swept = await Promise.all(
    nodes.map(async (node) => {
      const residue = await sweep(node, { onPrompt: () => mayGo(node), going: () => going !== undefined });
      mayGo(node);
      return { node, residue };
    }),
  );
  await going;
  return {
    residue: swept.flatMap(({ residue }) => residue ?? []),
    missed: swept.filter(({ residue }) => residue === undefined).map(({ node }) => node),
  };
}
