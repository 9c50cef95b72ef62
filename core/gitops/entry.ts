/**
 * Turns one entry of a kustomization file on and off by editing its line, and takes it out again. Every other byte of the
 * file stays: comments, order, quoting, line ends, a missing last line end, what we do not know.
 */
import { isDeepStrictEqual } from "node:util";
import { inserted, type Line, linesOf, replaced, textOf, without } from "./lines.ts";
import { locate, type Parent, ParentError, type Place } from "./locate.ts";

export { ParentError } from "./locate.ts";

export type EntryState = "on" | "off" | "absent";

/** How a line that we wrote into somebody's file says so, where the entry's own name does not. */
export const MARK = "# added by fuse-propagation-test";

const KEY = `resources: ${MARK}`;
const GUARD = "# fuse-propagation-test: kustomize refuses a file whose every list is empty";

/** `signed`: a line that is added gets a mark, and only a line with the mark is removed. */
export interface EntryOptions {
  readonly signed?: boolean;
}

/** @throws ParentError */
export function entryState(text: string, entry: string): EntryState {
  const { place, data } = locate(text);
  if (lists(data, entry)) return "on";
  return entryLines(linesOf(text), place, entry).some(({ off }) => off) ? "off" : "absent";
}

/** Whether anything but `entry` is active. @throws ParentError */
export function hasOthers(text: string, entry: string): boolean {
  const { data } = locate(text);
  const { resources: _, apiVersion: __, kind: ___, ...rest } = data;
  return others(data, entry).length > 0 || Object.values(rest).some((value) => !isEmpty(value));
}

/**
 * The text with the entry in that state; the same text where it is in that state already.
 *
 * @throws ParentError where the file's form does not allow it; the file is then to be edited by hand
 */
export function withEntry(text: string, entry: string, wanted: EntryState, options: EntryOptions = {}): string {
  const before = locate(text);
  const edited = guarded(edit(text, before, entry, wanted, options), wanted);
  if (!means(locate(edited).data, before.data, entry, wanted, options))
    throw new ParentError(`its form leaves no place for \`${entry}\`: write \`resources\` with one entry a line`);
  return edited;
}

function edit(
  text: string,
  { place, data }: Parent,
  entry: string,
  wanted: EntryState,
  { signed = false }: EntryOptions,
): string {
  const lines = linesOf(text);
  if (place.kind === "inline") return editInline(text, place, entry, lists(data, entry), wanted, signed);
  const found = entryLines(lines, place, entry);
  const active = found.filter(({ off }) => !off);
  if (wanted === "absent") {
    const ours = found.filter(({ index }) => !signed || lines[index]?.text.includes(MARK)).map(({ index }) => index);
    return textOf(withoutKey(without(lines, (index) => ours.includes(index))));
  }
  if (wanted === "on" && (active.length > 0 || lists(data, entry))) return text;
  const [first] = found;
  if (first && place.kind !== "missing") {
    if (wanted === "off" && active.length === 0) return text;
    const indent = " ".repeat(place.indent);
    if (wanted === "on") return textOf(replaced(lines, first.index, indent + first.body));
    return textOf(active.reduce((all, { index, body }) => replaced(all, index, `${indent}# ${body}`), lines));
  }
  if (lists(data, entry)) throw new ParentError(`\`${entry}\` is written in a way that cannot be commented out`);
  const body = (place.kind === "rows" ? `${entry},` : `- ${entry}`) + (signed ? ` ${MARK}` : "");
  const [indent, head] = place.kind === "missing" ? [2, [KEY]] : [place.indent, []];
  return textOf(inserted(lines, place.at, [...head, `${" ".repeat(indent)}${wanted === "off" ? "# " : ""}${body}`]));
}

/** `[a]` and `[a] # - entry` and `[entry, a]`: the line that the list begins on holds either form. */
function editInline(
  text: string,
  place: Place & { readonly kind: "inline" },
  entry: string,
  active: boolean,
  wanted: EntryState,
  signed: boolean,
): string {
  const name = escaped(entry);
  const off = new RegExp(`[ \\t]+#[ \\t]*-[ \\t]+${name}(?=[ \\t\\r\\n]|$)`);
  const tail = text.slice(place.comment);
  const [line = ""] = /^[^\n]*/.exec(tail) ?? [];
  const isSigned = line.includes(`${MARK}: ${entry}`);
  if (wanted === "on" ? active : wanted === "off" ? !active && off.test(line) : signed && !isSigned) return text;

  const plain = line.replace(off, "").replace(` ${MARK}: ${entry}`, "");
  const comment = wanted === "off" ? ` # - ${entry}` : wanted === "on" && signed ? ` ${MARK}: ${entry}` : "";
  const after = comment + plain + tail.slice(line.length);
  const before = text.slice(0, place.comment);
  if (wanted === "on") {
    const rest = before.slice(place.item) + after;
    return `${before.slice(0, place.item)}${entry}${rest.startsWith("]") ? "" : ", "}${rest}`;
  }
  if (!active) return before + after;
  const item = new RegExp(`(["']?)(?:\\./)?${name}/?\\1(?=[\\s,\\]])(?:,[ ]?)?`);
  return before.slice(0, place.item) + before.slice(place.item).replace(item, "") + after;
}

interface EntryLine {
  readonly index: number;
  readonly off: boolean;
  /** The line without its indentation and without what comments it out. */
  readonly body: string;
}

function entryLines(lines: readonly Line[], place: Place, entry: string): EntryLine[] {
  if (place.kind === "missing") return [];
  const name = `(["']?)(?:\\./)?${escaped(entry)}/?\\3`;
  if (place.kind === "inline") {
    const off = new RegExp(`()([ \\t]#)[ \\t]*-[ \\t]+${name}(?=\\s|$)`).test(lines[place.line]?.text ?? "");
    return off ? [{ index: place.line, off, body: "" }] : [];
  }
  const item = place.kind === "rows" ? `${name}[ \\t]*,?` : `-[ \\t]+${name}`;
  const pattern = new RegExp(`^[ \\t]*(#+[ \\t]*)?(${item}[ \\t]*(?:[ \\t]#.*)?)$`);
  return lines.flatMap(({ text }, index) => {
    const match = index > place.from && index < place.to ? pattern.exec(text) : null;
    return match ? [{ index, off: match[1] !== undefined, body: match[2] ?? "" }] : [];
  });
}

/** Takes out the key that we added, once nothing stands below it. */
function withoutKey(lines: readonly Line[]): Line[] {
  const text = textOf(lines);
  if (!text.includes(KEY)) return [...lines];
  const empty = isEmpty(locate(text).data.resources);
  return empty ? without(lines, (index) => lines[index]?.text === KEY) : [...lines];
}

/** A file whose lists are all empty does not build: one more empty list, as `[]`, makes it build. */
function guarded(text: string, wanted: EntryState): string {
  const lines = linesOf(text);
  const isGuard = ({ text: line }: Line) => line.endsWith(GUARD);
  if (wanted === "absent") return textOf(without(lines, (index) => isGuard(lines[index] as Line)));
  if (wanted === "on" || lines.some(isGuard)) return text;
  const { data, place } = locate(text);
  const { apiVersion: _, kind: __, metadata: ___, ...content } = data;
  if (Object.values(content).some((value) => value !== null) || place.kind === "missing") return text;
  const field = ["components", "configurations", "transformers"].find((key) => !(key in data));
  return textOf(inserted(lines, place.to, [`${field}: [] ${GUARD}`]));
}

type Data = Parent["data"];

/** Whether `after` means what `before` means, but for the entry. */
function means(after: Data, before: Data, entry: string, wanted: EntryState, { signed }: EntryOptions): boolean {
  const settled = wanted === "on" ? lists(after, entry) : signed && wanted === "absent" ? true : !lists(after, entry);
  const rest = ({ resources: _, ...more }: Data) =>
    Object.entries(more).filter(([, value]) => !(Array.isArray(value) && value.length === 0));
  return (
    settled &&
    isDeepStrictEqual(others(after, entry), others(before, entry)) &&
    isDeepStrictEqual(rest(after), rest(before))
  );
}

const others = ({ resources }: Data, entry: string): unknown[] =>
  Array.isArray(resources) ? resources.filter((item) => bare(item) !== entry) : [];

const lists = ({ resources }: Data, entry: string): boolean =>
  Array.isArray(resources) && resources.some((item) => bare(item) === entry);

/** `./testing/` and `testing` name the same directory. */
const bare = (item: unknown): unknown =>
  typeof item === "string" ? item.replace(/^\.\//, "").replace(/\/$/, "") : item;

const isEmpty = (value: unknown): boolean =>
  value === null || value === undefined || (Array.isArray(value) && value.length === 0);

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
