/** Where the list `resources` of a kustomization file stands, in lines and offsets: YAML is parsed, never written back. */
import { CST, isAlias, isMap, isScalar, isSeq, Lexer, type ParsedNode, parseAllDocuments, type YAMLMap } from "yaml";
import { type Line, lineAt, linesOf, offsetOf } from "./lines.ts";

/** Thrown where a file cannot be edited without guessing; the message says what to write by hand instead. */
export class ParentError extends Error {
  override readonly name = "ParentError";
}

/** The lines from `from` up to `to` belong to the list, comments included. */
interface Region {
  readonly from: number;
  readonly to: number;
}

export type Place =
  /** `- item` lines, or none yet: a new one goes before the line `at`, indented by `indent`. */
  | (Region & { readonly kind: "block"; readonly at: number; readonly indent: number })
  /** `[` is the last thing on its line: items have lines of their own, a new one goes before the line `at`. */
  | (Region & { readonly kind: "rows"; readonly at: number; readonly indent: number })
  /** `[a, b]`, begun on one line; the offsets are where an item goes and where the line's own comment would stand. */
  | (Region & { readonly kind: "inline"; readonly line: number; readonly item: number; readonly comment: number })
  /** There is no such key: it goes before the line `at`. */
  | { readonly kind: "missing"; readonly at: number };

export interface Parent {
  readonly place: Place;
  readonly data: Readonly<Record<string, unknown>>;
}

/** @throws ParentError where the text is no YAML map, or its list is written in a way that a line cannot be added to */
export function locate(text: string): Parent {
  const before = read.get(text);
  if (before) return before;
  const found = locateIn(text);
  if (read.size >= MOST_READ) read.clear();
  read.set(text, found);
  return found;
}

/** An edit is checked by reading what it gives, and the next step begins with that text: most of an export's time. */
const read = new Map<string, Parent>();
const MOST_READ = 16;

function locateIn(text: string): Parent {
  const map = rootOf(text);
  const lines = linesOf(text);
  const data = (map?.toJSON() ?? {}) as Record<string, unknown>;
  const index = map?.items.findIndex(({ key }) => isScalar(key) && key.value === "resources") ?? -1;
  const pair = map?.items[index];
  if (!map || !pair) {
    if (map?.flow)
      throw new ParentError("it has no list `resources`, and is one flow map: write `resources: []` into it");
    return { data, place: { kind: "missing", at: endOfDocument(lines) } };
  }
  const from = lineAt(lines, startOf(pair.key));
  const next = map.items[index + 1];
  const region = { from, to: next ? lineAt(lines, startOf(next.key)) : endOfDocument(lines) };
  const list = pair.value;
  if (list === null || (isScalar(list) && list.value === null)) {
    if (map.flow || (isScalar(list) && list.source))
      throw new ParentError("`resources` is null: write `resources: []`");
    const indent = (lines[from]?.text.search(/\S/) ?? 0) + 2;
    return { data, place: { ...region, kind: "block", at: from + 1, indent } };
  }
  if (isAlias(list) || !isSeq(list)) throw new ParentError("`resources` is no list of its own: write the list out");
  if (list.flow) return { data, place: flowPlace(text, lines, region, startOf(list)) };
  const last = list.items.at(-1) as ParsedNode | undefined;
  const token = list.srcToken;
  if (!last?.range || token?.type !== "block-seq") throw new ParentError("`resources` is a list of an unknown form");
  const at = lineAt(lines, Math.max(last.range[1] - 1, last.range[0])) + 1;
  return { data, place: { ...region, kind: "block", at, indent: token.indent } };
}

function rootOf(text: string): YAMLMap.Parsed | undefined {
  const documents = parseAllDocuments(text, { keepSourceTokens: true, logLevel: "error" });
  if ("empty" in documents) return undefined;
  const [document] = documents;
  if (!document || documents.length > 1) throw new ParentError("it holds several YAML documents: keep one");
  const [fault] = document.errors;
  if (fault) throw new ParentError(`it is no valid YAML: ${fault.message.split("\n")[0]}`);
  if (document.contents === null) return undefined;
  if (isScalar(document.contents) && document.contents.value === null) return undefined;
  if (!isMap(document.contents)) throw new ParentError("it is no YAML map");
  return document.contents as YAMLMap.Parsed;
}

function flowPlace(text: string, lines: readonly Line[], region: Region, bracket: number): Place {
  const line = lineAt(lines, bracket);
  const start = offsetOf(lines, line);
  const width = lines[line]?.text.length ?? 0;
  const rest = text.slice(bracket + 1, start + width);
  if (/^\s*(#.*)?$/.test(rest)) {
    const below = lines[line + 1]?.text ?? "";
    const key = lines[region.from]?.text ?? "";
    const indent = /^\s*($|\])/.test(below) ? key.search(/\S/) + 2 : below.search(/\S/);
    return { ...region, kind: "rows", at: line + 1, indent };
  }
  const written = text.slice(start, commentOn(text, start, start + width) ?? start + width).trimEnd();
  const item = bracket + 1 + rest.search(/\S/);
  return { ...region, kind: "inline", line, item, comment: start + written.length };
}

/** Only the lexer knows which `#` begins a comment. */
function commentOn(text: string, from: number, to: number): number | undefined {
  let offset = 0;
  for (const lexeme of new Lexer().lex(text)) {
    // These mark the kind of what follows and stand for no character of the text.
    if (lexeme === CST.DOCUMENT || lexeme === CST.FLOW_END || lexeme === CST.SCALAR) continue;
    if (lexeme.startsWith("#") && offset >= from && offset < to) return offset;
    offset += lexeme.length;
  }
  return undefined;
}

/** Everything may be appended at the end, but not behind the marker `...` that ends a document. */
function endOfDocument(lines: readonly Line[]): number {
  const marker = lines.findLastIndex(({ text }) => /^\.\.\.(\s|$)/.test(text));
  return marker < 0 ? lines.length : marker;
}

const startOf = (node: { readonly range?: readonly number[] | null } | null): number => node?.range?.[0] ?? 0;
