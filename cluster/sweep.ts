/** What a sweep takes away: in the cluster first, then on each node, which is at rest only when the pods have ended. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MARKS } from "../base/marks.ts";
import { repository } from "../base/paths.ts";
import type { Settings } from "../core/settings/settings.ts";
import { connect } from "./connect.ts";
import { endPods, imagesThere, namespaceMade, withNamespace } from "./sweepNamespace.ts";
import { type Residue, sweepNode } from "./sweepNode.ts";
import { sweepPolicies } from "./sweepPolicies.ts";

/** What a sweep takes away besides what a run has left on the nodes: the engine deletes the rest of a stack of its own. */
export type Reach = "nodes" | "pods" | "everything";

export async function sweepAll(settings: Settings, reach: Reach, print: (line: string) => void): Promise<Residue[]> {
  const config = connect(settings);
  const script = readFileSync(join(repository, "probe", "sweep.sh"), "utf8");
  const nodes = async (asked: Settings, since: Date | undefined) => {
    const all = asked.nodes.map((node) => sweepNode(config, asked, node, script, since, print));
    return (await Promise.all(all)).flat();
  };
  if (reach === "everything")
    return withNamespace(config, settings, async (since) => {
      await sweepPolicies(config, settings, print);
      const images = await imagesThere(config, settings);
      await endPods(config, settings, (names) =>
        print(`${MARKS.inconclusive} ${settings.namespace}  removing ${names} of an earlier run`),
      );
      return nodes({ ...settings, ...images }, since);
    });
  const since = await namespaceMade(config, settings);
  if (reach === "pods") await endPods(config, settings);
  return nodes(settings, since);
}
