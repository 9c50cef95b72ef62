/** What a sweep takes away: in the cluster first, then on each node, which is at rest only when the pods are gone. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../base/paths.ts";
import type { Settings } from "../core/settings/settings.ts";
import { connect } from "./connect.ts";
import { imagesThere, leftovers, namespaceMade, withNamespace } from "./sweepNamespace.ts";
import { freeNode, type Residue, sweepNode } from "./sweepNode.ts";
import { sweepPolicies } from "./sweepPolicies.ts";

/** @param nodesOnly leaves pods and namespace alone: the engine deletes them */
export async function sweepAll(
  settings: Settings,
  nodesOnly: boolean,
  print: (line: string) => void,
): Promise<Residue[]> {
  const config = connect(settings);
  const script = readFileSync(join(repository, "probe", "sweep.sh"), "utf8");
  const nodes = async (asked: Settings, since: Date | undefined) => {
    const all = asked.nodes.map((node) => sweepNode(config, asked, node, script, since, print));
    return (await Promise.all(all)).flat();
  };
  if (nodesOnly) return nodes(settings, await namespaceMade(config, settings));
  return withNamespace(config, settings, async (since) => {
    await sweepPolicies(config, settings, print);
    const images = await imagesThere(config, settings);
    const asked = { ...settings, ...images };
    await leftovers(config, settings, print, async () => {
      await Promise.all(asked.nodes.map((node) => freeNode(config, asked, node, script, print)));
    });
    return nodes(asked, since);
  });
}
