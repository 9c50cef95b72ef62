/** Objects as YAML that people like to review: the builder's order, comments at the unusual fields, scripts as blocks. */
import { Document, isMap, isPair, isScalar, isSeq, type Node, type Pair, visit } from "yaml";
import { COMMENTS, type Comment } from "./comments.ts";

/**
 * One file: its own comment, then the objects as YAML documents.
 *
 * @param comments what is said beside their fields
 */
export function render(about: readonly string[], objects: readonly object[], comments = COMMENTS): string {
  const head = about.map((line) => `# ${line}\n`).join("");
  return head + objects.map((object) => `---\n${documentOf(object, comments)}`).join("");
}

function documentOf(object: object, comments: readonly Comment[]): string {
  // The builder shares parts between objects, and anchors would only puzzle a reader; Go reads a bare `yes` as true.
  const document = new Document(object, { aliasDuplicateObjects: false, compat: "yaml-1.1" });
  const said = new Set<Comment>();
  visit(document, {
    Pair: (_, pair, ancestors) => {
      const comment = commentFor(
        [...ancestors, pair],
        isScalar(pair.value) ? pair.value.value : undefined,
        said,
        comments,
      );
      if (comment && isScalar(pair.key)) pair.key.commentBefore = comment;
    },
    Map: (_, map, ancestors) => {
      const inList = isSeq(ancestors.at(-1));
      const comment = inList ? commentFor([...ancestors, map], undefined, said, comments) : undefined;
      if (comment) map.commentBefore = comment;
    },
  });
  return document.toString({ lineWidth: 0, blockQuote: "literal", indentSeq: true });
}

function commentFor(
  nodes: readonly (Node | Pair | Document)[],
  value: unknown,
  said: Set<Comment>,
  comments: readonly Comment[],
): string | undefined {
  const path = pathOf(nodes);
  const found = comments.find(
    (comment) =>
      comment.at.test(path) && (comment.value === undefined || comment.value === value) && !said.has(comment),
  );
  if (!found) return undefined;
  said.add(found);
  return ` ${found.text}`;
}

function pathOf(nodes: readonly (Node | Pair | Document)[]): string {
  const parts = nodes.map((node, index) => {
    if (isPair(node)) return `.${isScalar(node.key) ? node.key.value : ""}`;
    return isMap(node) && isSeq(nodes[index - 1]) ? "[]" : "";
  });
  return parts.join("").slice(1);
}
