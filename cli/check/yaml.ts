/**
 * YAML as the tools read it that apply it: kubectl reads with sigs.k8s.io/yaml, which is Go's yaml.v2, so YAML 1.1 with
 * `yes` and `on` as true, the last of several equal keys, and merge keys; kustomize and Flux with yaml.v3. What they would read
 * differently, or at a length without bounds, is refused.
 */
import {
  EVENT_ID,
  type Event,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  YAMLException,
} from "js-yaml";
import { scalar } from "./scalars.ts";
import { requirePlain } from "./text.ts";

/** How many values aliases may stand for in one file, and how deep values may lie; no manifest comes near. */
const MOST_ALIASED = 100_000;
const DEEPEST = 100;

/** A value, with how many there are in it and how deep it is: an alias stands for all of them again. */
interface Node {
  readonly value: unknown;
  readonly weight: number;
  readonly height: number;
}

interface Frame {
  readonly list: unknown[] | undefined;
  readonly fields: Fields;
  readonly anchor: string;
  weight: number;
  height: number;
  key: string | undefined;
  /** Whether the key is a merge key, `<<`. */
  merge: boolean;
}

type Fields = Record<string, unknown>;

/**
 * The documents of a text; undefined stands for an empty one.
 *
 * @throws Error that names line and column where the text is no YAML, or where two of the tools read it differently.
 */
export function readYaml(text: string): unknown[] {
  requirePlain(text);
  const reader = new Reader();
  const documents: unknown[] = [];
  try {
    for (const part of parts(text)) for (const document of reader.documents(part)) documents.push(document);
    return documents;
  } catch (error) {
    // Once more, as a whole: so that the error names the line within the file.
    if (text.length > PART) new Reader().documents(text);
    throw error;
  }
}

/** What is parsed at once: the parser's events of a large file would take many times its size. */
const PART = 65_536;

/** The text, cut at separators of documents: a line that begins with --- is nothing else, or it had been refused. */
function* parts(text: string): Generator<string> {
  let from = 0;
  while (text.length - from > PART) {
    const cut = text.indexOf("\n---", from + PART);
    if (cut < 0) break;
    yield text.slice(from, cut + 1);
    from = cut + 1;
  }
  yield text.slice(from);
}

class Reader {
  private text = "";
  private readonly frames: Frame[] = [];
  private anchors = new Map<string, Node | undefined>();
  private aliased = 0;
  private document: unknown;
  private position = 0;

  documents(text: string): unknown[] {
    this.text = text;
    const documents: unknown[] = [];
    for (const event of parseEvents(text, { maxDepth: DEEPEST })) {
      switch (event.type) {
        case EVENT_ID.DOCUMENT:
          // Go's parsers know YAML 1.1 and no tags of others.
          if (event.directives.length > 0) this.fail("directives (%) are not read: leave them out");
          if (!event.explicitStart && documents.length > 0)
            this.fail("what follows ... is read by some tools and by others not: write --- in front of it");
          this.anchors = new Map();
          this.document = undefined;
          break;
        case EVENT_ID.SCALAR:
          this.scalar(event);
          break;
        case EVENT_ID.SEQUENCE:
        case EVENT_ID.MAPPING:
          this.open(event, event.type === EVENT_ID.SEQUENCE);
          break;
        case EVENT_ID.ALIAS:
          this.alias(this.text.slice(event.anchorStart, event.anchorEnd), event.anchorStart);
          break;
        case EVENT_ID.POP: {
          const frame = this.frames.pop();
          if (frame) this.close(frame);
          else documents.push(this.document);
        }
      }
    }
    return documents;
  }

  private scalar(event: ScalarEvent): void {
    this.position = event.valueStart < 0 ? this.position : event.valueStart;
    this.tagless(event);
    const text = getScalarValue(this.text, event);
    const quoted = event.style !== SCALAR_STYLE.PLAIN;
    const frame = this.frames[this.frames.length - 1];
    if (text === "<<" && frame && !frame.list && frame.key === undefined && !frame.merge) {
      if (quoted) this.fail('the key "<<" in quotes is a merge key to some tools and a plain one to others: rename it');
      if (event.anchorStart < 0) {
        frame.merge = true;
        return;
      }
    }
    const value = quoted ? text : scalar(text);
    if (event.anchorStart >= 0)
      this.anchors.set(this.text.slice(event.anchorStart, event.anchorEnd), { value, weight: 1, height: 0 });
    this.add(value, 1, 0);
  }

  private open(event: Extract<Event, { start: number }>, list: boolean): void {
    this.position = event.start;
    this.tagless(event);
    const anchor = event.anchorStart < 0 ? "" : this.text.slice(event.anchorStart, event.anchorEnd);
    if (anchor) this.anchors.set(anchor, undefined);
    this.frames.push({
      list: list ? [] : undefined,
      fields: {},
      anchor,
      weight: 1,
      height: 0,
      key: undefined,
      merge: false,
    });
  }

  private close({ list, fields, anchor, weight, height }: Frame): void {
    const value = list ?? fields;
    if (anchor) this.anchors.set(anchor, { value, weight, height: height + 1 });
    if (height >= DEEPEST) this.fail(`its aliases nest values deeper than ${DEEPEST}`);
    this.add(value, weight, height + 1);
  }

  private alias(name: string, position: number): void {
    this.position = position;
    if (!this.anchors.has(name)) this.fail(`there is no anchor &${name} for the alias *${name}`);
    const node = this.anchors.get(name);
    if (!node) throw this.fail(`the anchor &${name} holds itself`);
    this.aliased += node.weight;
    if (this.aliased > MOST_ALIASED)
      this.fail(`its aliases stand for more than ${MOST_ALIASED} values: write them out`);
    this.add(node.value, node.weight, node.height);
  }

  /** A value has come to its end: it belongs to the collection that is open. */
  private add(value: unknown, weight: number, height: number): void {
    const frame = this.frames[this.frames.length - 1];
    if (!frame) {
      this.document = value;
      return;
    }
    frame.weight += weight;
    if (height > frame.height) frame.height = height;
    if (frame.list) frame.list.push(value);
    else if (frame.merge) {
      frame.merge = false;
      this.merge(frame.fields, value, weight);
    } else if (frame.key === undefined) frame.key = this.key(value);
    else {
      define(frame.fields, frame.key, value);
      frame.key = undefined;
    }
  }

  private key(value: unknown): string {
    if (typeof value === "string") return value;
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    return this.fail("a key must be a text, a number, or true or false");
  }

  private merge(fields: Fields, value: unknown, weight: number): void {
    // Fields are copied each time, whereas aliases are only counted where they stand.
    this.aliased += weight;
    if (this.aliased > MOST_ALIASED)
      this.fail(`its merge keys stand for more than ${MOST_ALIASED} values: write them out`);
    const sources = Array.isArray(value) ? value : [value];
    if (!sources.every((one) => typeof one === "object" && one !== null && !Array.isArray(one)))
      this.fail("a merge key (<<) must name a map, or a list of maps");
    const merged: Fields = {};
    // Among several, the first wins.
    for (const source of sources.toReversed() as Fields[])
      for (const [key, inner] of Object.entries(source)) define(merged, key, inner);
    for (const [key, inner] of Object.entries(merged)) {
      // kubectl's parser lets a merge key overwrite the keys before it, kustomize's and Flux's does not.
      if (Object.hasOwn(fields, key) && JSON.stringify(fields[key]) !== JSON.stringify(inner))
        this.fail(
          `the merge key (<<) stands after ${key}: kubectl lets the merge win, kustomize the key; put << first in its map`,
        );
      define(fields, key, inner);
    }
  }

  private tagless({ tagStart, tagEnd }: { readonly tagStart: number; readonly tagEnd: number }): void {
    if (tagStart >= 0)
      this.fail(`the tag ${this.text.slice(tagStart, tagEnd)} is read differently by different tools: leave it out`);
  }

  private fail(words: string): never {
    return YAMLException.throwAt(this.text, this.position, words);
  }
}

/** Also `__proto__` is a key like any other. */
function define(fields: Fields, key: string, value: unknown): void {
  if (key === "__proto__")
    Object.defineProperty(fields, key, { value, enumerable: true, configurable: true, writable: true });
  else fields[key] = value;
}
