/** What the probe's scripts say of themselves: which records they write, and which variables they read. */
import { basename } from "node:path";
import { probeScripts } from "../../../probe/scripts.ts";

export const SCRIPTS = probeScripts();

/** A call of `record`, or of a function that records. */
export interface Call {
  readonly file: string;
  readonly step: string;
  readonly results: readonly string[];
  readonly fields: readonly string[];
  /** The values that are written out, by their fields. */
  readonly literal: Readonly<Record<string, string>>;
}

/** What `give_up` of producer.sh records beside what it is given. */
const GIVEN_UP = ["errno", "detail"];
/** Where `give_up` itself records: its callers are asked instead. */
const ITS_OWN = '"$failed"';

export function callsIn(file: string, text = SCRIPTS[file] ?? ""): Call[] {
  const script = code(text, (quoted) => quoted);
  return [...script.matchAll(/(?<=^|[;&|{)]|\b(?:then|else|do)\b)[ \t]*(record|give_up) (?!\))/gm)].flatMap((match) => {
    const [step = "", ...rest] = words(script, match.index + match[0].length);
    if (step === ITS_OWN) return [];
    const gaveUp = match[1] === "give_up";
    const results = gaveUp ? ["error"] : resultsOf(script, rest[0] ?? "");
    const pairs = rest.slice(2).filter((word) => word !== '"$@"');
    const fields = pairs.filter((_, index) => index % 2 === 0);
    const values = pairs.filter((_, index) => index % 2 === 1);
    const literal = fields.flatMap((field, index) =>
      /^[\w-]+$/.test(values[index] ?? "") ? [[field, values[index] ?? ""] as const] : [],
    );
    const all = [...fields, ...(gaveUp ? GIVEN_UP : [])];
    return [{ file, step, results, fields: all, literal: Object.fromEntries(literal) }];
  });
}

/** A result that is a variable's value is any that the script gives to that variable. */
function resultsOf(script: string, word: string): string[] {
  const name = /^"?\$(\w+)"?$/.exec(word)?.[1];
  return name === undefined
    ? [word]
    : [...script.matchAll(new RegExp(`\\b${name}=(\\w+)`, "g"))].map(([, one = ""]) => one);
}

/** The variables of a script: those it reads, those it gives a value, and those it gives a value only where nobody else has. */
export function variablesIn(file: string, text = SCRIPTS[file] ?? "") {
  const script = code(text, () => "''");
  // An arithmetic expression names its variables without a dollar.
  const sums = [...script.matchAll(/\$\(\((.*?)\)\)/g)].map(([sum]) => sum.replace(/\b[A-Z][A-Z0-9_]*\b/g, "$$$&"));
  const read = [...[script, ...sums].join("\n").matchAll(/(?<!\\)\$\{?([A-Z][A-Z0-9_]*)/g)].map(
    ([, name = ""]) => name,
  );
  const assigned = [...script.matchAll(/(?<=^|[\s;({])([A-Z][A-Z0-9_]*)=(?!\$\{\1:-)/gm)].map(([, name = ""]) => name);
  const defaulted = [...script.matchAll(/\b([A-Z][A-Z0-9_]*)=\$\{\1:-|\$\{([A-Z][A-Z0-9_]*):=/g)].map(
    ([, one, other]) => one ?? other ?? "",
  );
  return { read: new Set(read), assigned: new Set(assigned), defaulted: new Set(defaulted) };
}

/** A program of the contract, and every file that it sources, directly or not. */
export function filesOf(program: string): string[] {
  const found = new Set<string>();
  const visit = (file: string): void => {
    if (found.has(file)) return;
    found.add(file);
    for (const [, path = ""] of (SCRIPTS[file] ?? "").matchAll(/^ *\. "\$here\/([^"]+)"/gm)) {
      const own = path.includes("$")
        ? Object.keys(SCRIPTS).filter((name) => name.startsWith("driver-"))
        : [basename(path)];
      for (const name of own) visit(name);
    }
  };
  visit(`${program}.sh`);
  return [...found];
}

/** A script without its comments, with lines that go on joined, and something else in place of each text in single quotes. */
function code(text: string, quoted: (text: string) => string): string {
  let out = "";
  const copy = (at: number, end: string): number => {
    for (let i = at; i < text.length; i++) {
      const char = text[i] ?? "";
      const inText = end === '"';
      if (char === end) return i;
      if (char === "\\") {
        if (text[i + 1] !== "\n") out += text.slice(i, i + 2);
        i++;
      } else if (char === "'" && !inText) {
        const close = text.indexOf("'", i + 1);
        out += quoted(text.slice(i, close + 1));
        i = close;
      } else if (char === "#" && !inText && /^[\s;]?$/.test(text[i - 1] ?? "")) {
        i = text.indexOf("\n", i) - 1;
      } else if (char === '"' || text.startsWith("$(", i)) {
        const [open, close] = char === '"' ? ['"', '"'] : ["$(", ")"];
        out += open;
        i = copy(i + open.length, close);
        out += close;
      } else if (char === "(" && !inText) {
        out += "(";
        i = copy(i + 1, ")");
        out += ")";
      } else out += char;
    }
    return text.length;
  };
  copy(0, "");
  return out;
}

/** The words of the command that begins here, as they stand, up to its end. */
function words(script: string, from: number): string[] {
  const found: string[] = [];
  let word = "";
  let depth = 0;
  let inText = [false];
  for (let i = from; i < script.length; i++) {
    const char = script[i] ?? "";
    const top = inText.at(-1) ?? false;
    if (depth === 0 && !top && /[\s;&|)]/.test(char)) {
      if (word) found.push(word);
      word = "";
      if (char !== " ") return found;
      continue;
    }
    if (script.startsWith("$(", i)) {
      depth++;
      inText = [...inText, false];
      word += "$(";
      i++;
      continue;
    }
    if (char === ")" && depth > 0 && !top) {
      depth--;
      inText = inText.slice(0, -1);
    }
    if (char === '"') inText = [...inText.slice(0, -1), !top];
    word += char;
  }
  return word ? [...found, word] : found;
}
