/** The line in the cluster's own list that leads to the list of tests. */

import type { FluxSettings } from "../settings/flux.ts";
import { entryState, hasOthers, ParentError, withEntry } from "./entry.ts";
import { freshParent, isOurs, type KustomizationList, listIn, manifestsIn, parentIn } from "./lists.ts";
import type { Places } from "./places.ts";
import type { Change, Tree } from "./tree.ts";

/** @param group the list of tests as it is before the export */
export function planReference(
  tree: Tree,
  where: Places,
  flux: FluxSettings,
  group: KustomizationList,
): { readonly changes: readonly Change[]; readonly notes: readonly string[] } {
  if (!listIn(tree, where.cluster) && manifestsIn(tree, where.cluster, flux.group).length > 0)
    return {
      changes: [],
      notes: [
        `${where.cluster} has no kustomization.yaml: Flux finds ${flux.group} there by itself, no line is needed`,
      ],
    };
  const cluster = parentIn(tree, where.cluster, flux.group);
  try {
    if (cluster.text !== undefined && !mayRefer(cluster.text, flux, group))
      return {
        changes: [],
        notes: [
          `${cluster.path} does not refer to ${flux.group}, which holds more than this test: add \`- ${flux.group}\` there yourself`,
        ],
      };
    return { changes: referenceTo(cluster, flux), notes: [] };
  } catch (error) {
    throw error instanceof ParentError ? new ParentError(`${cluster.path}: ${error.message}`) : error;
  }
}

function referenceTo({ path, text: before }: KustomizationList, flux: FluxSettings): Change[] {
  const after = withEntry(before ?? freshParent("cluster"), flux.group, "on", { signed: true });
  return after === before ? [] : [{ path, before, after }];
}

/** A list that a person keeps out of the cluster stays out, with everything else that is in it. */
function mayRefer(text: string, flux: FluxSettings, group: KustomizationList): boolean {
  const state = entryState(text, flux.group);
  if (state !== "absent") return state === "on";
  return group.text === undefined || isOurs(group.text, "group") || !hasOthers(group.text, flux.entry);
}
