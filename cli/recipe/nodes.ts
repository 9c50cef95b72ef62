/** For which nodes a recipe is written, and at which grade: by the document of a test, or by the word that there is none. */
import { readFileSync } from "node:fs";
import { UserError } from "../../base/problem.ts";
import { type Choice, choose, type TestedNode, testing } from "../../core/recipe/verdict.ts";

interface Asked {
  readonly verdict?: string;
  readonly untested?: boolean;
  readonly failover?: readonly string[];
  readonly remove?: boolean;
}

/**
 * @param tested the nodes of the verdict, where one was given
 * @param said the nodes that the command line itself names
 * @param stack those of the settings
 * @throws UserError where no verdict is given, and nobody said that there is none
 */
export function nodesFor(
  { verdict, untested, remove, failover = [] }: Asked,
  tested: Readonly<Record<string, TestedNode>>,
  said: readonly string[],
  stack: unknown,
): Required<Choice> {
  const mayBeUntested = untested || remove;
  if (verdict !== undefined) {
    const first = said.length === 0 && failover.length > 0 ? choose(tested, []).nodes : said;
    const chosen = choose(tested, [...new Set([...first, ...failover])], mayBeUntested);
    return { ...chosen, grade: chosen.grade ?? "B" };
  }
  const nodes = [...new Set([...(Array.isArray(stack) ? (stack as string[]) : []), ...failover])];
  if (!mayBeUntested)
    throw new UserError("no verdict is given, and a recipe is for nodes that were tested", {
      remedy: `test them with \`${testing(nodes)}\` and give --verdict verdict.json; or write it all the same with --untested`,
    });
  return { nodes, grade: "B", faults: [], untested: nodes };
}

/**
 * The nodes of what `npm start -- --json` printed.
 *
 * @param file `-` is standard input
 * @throws UserError where it is no such document
 */
export function testedIn(file: string): Readonly<Record<string, TestedNode>> {
  let document: { readonly nodes?: unknown } | null;
  try {
    document = JSON.parse(readFileSync(file === "-" ? 0 : file, "utf8")) as typeof document;
  } catch (error) {
    throw new UserError(`--verdict ${file}: ${(error as Error).message}`, {
      remedy: "give the document that `npm start -- --json` prints",
    });
  }
  const nodes = document?.nodes;
  if (typeof nodes !== "object" || nodes === null || Object.keys(nodes).length === 0)
    throw new UserError(`--verdict ${file} has the verdict of no node`, {
      remedy: "give the document that `npm start -- --json` prints",
    });
  return nodes as Readonly<Record<string, TestedNode>>;
}
