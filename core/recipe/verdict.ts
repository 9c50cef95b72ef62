/** What a verdict allows: the nodes that were tested, and the grade that all of them keep. */
import type { SettingsFault } from "../settings/settings.ts";
import type { Recipe } from "./settings.ts";

/** The document of `npm start -- --json`, as far as it is needed. */
export interface TestedNode {
  readonly verdict?: unknown;
  readonly cause?: unknown;
  readonly grade?: unknown;
  /** Undefined in a verdict of an earlier version. */
  readonly daemon?: unknown;
}

export interface Choice {
  readonly nodes: readonly string[];
  /** Undefined where no node was tested. */
  readonly grade?: "A" | "B";
  readonly faults: readonly SettingsFault[];
  /** Nodes of which the verdict says nothing, where that is allowed. */
  readonly untested: readonly string[];
}

/**
 * @param tested the verdict of each node
 * @param wanted the nodes that were asked for; none: those that were tested
 * @param mayBeUntested whether the verdict may say nothing of one that was asked for
 */
export function choose(
  tested: Readonly<Record<string, TestedNode>>,
  wanted: readonly string[],
  mayBeUntested = false,
): Choice {
  const passed = ({ verdict, grade }: TestedNode = {}) => verdict === "success" && (grade === "A" || grade === "B");
  const good = Object.keys(tested).filter((node) => passed(tested[node]));
  // Where nobody has asked for a node, those that have failed are none; where all have, each says why.
  const nodes = wanted.length > 0 ? wanted : good.length > 0 ? good : Object.keys(tested);
  const untested = nodes.filter((node) => tested[node] === undefined);
  const unknown = (mayBeUntested ? [] : untested).map(
    (node): SettingsFault => ({
      key: "nodes",
      value: JSON.stringify(node),
      remedy: `the verdict says nothing of it: test with \`${testing(nodes)}\`; or give --untested as well, which makes it grade B`,
    }),
  );
  const faults = nodes
    .filter((node) => tested[node] !== undefined && !passed(tested[node]))
    .map((node): SettingsFault => {
      const { verdict, grade, cause } = tested[node] ?? {};
      const what =
        grade === "C" || verdict === "failure" ? `failure, grade C (${cause})` : `${verdict}, no grade (${cause})`;
      return {
        key: "nodes",
        value: JSON.stringify(node),
        remedy: `its verdict is ${what}: do what its fix says and test again: ${testing([node])}`,
      };
    });
  const grades = nodes.flatMap((node) => (passed(tested[node]) ? [tested[node]?.grade] : []));
  return {
    nodes,
    ...(grades.length === 0 ? {} : { grade: grades.includes("B") || untested.length > 0 ? "B" : "A" }),
    faults: [...unknown, ...faults],
    untested,
  };
}

/** A line for each node whose verdict is about another daemon than the recipe's: what holds for one need not hold for the other. */
export function otherDaemons(
  tested: Readonly<Record<string, TestedNode>>,
  { nodes, driver, image }: Pick<Recipe, "nodes" | "driver" | "image">,
): string[] {
  return nodes.flatMap((node) => {
    const was = (tested[node]?.daemon ?? {}) as { readonly driver?: unknown; readonly image?: unknown };
    const other = (key: "driver" | "image", own: string) =>
      typeof was[key] === "string" && was[key] !== "unknown" && was[key] !== own ? [`${key} ${was[key]}`] : [];
    const differs = [...other("driver", driver), ...other("image", image)];
    return differs.length === 0
      ? []
      : [
          `${node} was tested with ${differs.join(" and ")}: try this one there as well, with --set driver=${driver} producerImage=${image}`,
        ];
  });
}

/** The command that tests nodes, and keeps the verdict where a recipe reads it. */
export const testing = (nodes: readonly string[]): string =>
  `npm start -- --node ${nodes.join(" ")} --json >verdict.json`;
