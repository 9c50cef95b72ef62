/**
 * The commands that Pulumi runs for the components: this program's own verbs, with their settings on standard input. Components
 * register what is built here, and rules and commands read it back, so that nobody compares a command line as text.
 *
 * An option that would name another node, cluster or stack is none of these: the settings alone say that.
 */

/**
 * How the program is started from the directory of the project: in place of the shell that the command plugin starts, since that alone is
 * killed when a run is cancelled.
 */
const PROGRAM = ["exec", "sh", "cli/node.sh", "cli/main.ts"] as const;

/** What each verb may be given besides its settings; a value is one word. In the order in which they stand on a command line. */
const OPTIONS = {
  collect: { run: "value", failOn: "value" },
  sweep: { nodesOnly: "flag", keepNamespace: "flag", release: "flag", json: "flag" },
  export: {
    json: "flag",
    enable: "flag",
    disable: "flag",
    remove: "flag",
    force: "flag",
    fluxKustomization: "flag",
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, "flag" | "value">>>>;

export type OwnVerb = keyof typeof OPTIONS;

export interface OwnOptions {
  readonly collect: { readonly run?: string; readonly failOn?: "never" | "failure" | "inconclusive" };
  readonly sweep: { readonly [Name in keyof (typeof OPTIONS)["sweep"]]?: true };
  readonly export: { readonly [Name in keyof (typeof OPTIONS)["export"]]?: true };
}

export interface OwnCommand {
  readonly verb: OwnVerb;
  readonly options: Readonly<Record<string, string | true>>;
}

/** The command line that a component registers; it is run in the directory of the project. */
export function commandLine<Verb extends OwnVerb>(verb: Verb, options: OwnOptions[Verb] = {}): string {
  return [...PROGRAM, ...commandWords(verb, options)].join(" ");
}

/** The verb and its options, for who starts the program without a shell. @throws Error where a value is not one word */
export function commandWords<Verb extends OwnVerb>(verb: Verb, options: OwnOptions[Verb] = {}): string[] {
  return words({ verb, options: options as OwnCommand["options"] });
}

/** The command of a line that this module would build just so; undefined for any other. */
export function parseCommandLine(line: string): OwnCommand | undefined {
  const [verb = "", stdin, ...rest] = line.split(" ").slice(PROGRAM.length);
  if (!isVerb(verb) || stdin !== STDIN) return undefined;
  const kinds: Readonly<Record<string, "flag" | "value">> = OPTIONS[verb];
  const options: Record<string, string | true> = {};
  for (const [name, kind] of Object.entries(kinds)) {
    if (rest[0] !== flag(name)) continue;
    rest.shift();
    const value = kind === "flag" ? true : rest.shift();
    if (value !== true && !isWord(value)) return undefined;
    options[name] = value;
  }
  const command: OwnCommand = { verb, options };
  return [...PROGRAM, ...words(command)].join(" ") === line ? command : undefined;
}

/** Reads the settings as JSON from standard input. */
const STDIN = "--stdin";

function words({ verb, options }: OwnCommand): string[] {
  const given = Object.keys(OPTIONS[verb]).flatMap((name) => {
    const value = options[name];
    if (value === undefined) return [];
    if (value === true) return [flag(name)];
    if (!isWord(value)) throw new Error(`${flag(name)} ${JSON.stringify(value)} is not one word`);
    return [flag(name), value];
  });
  return [verb, STDIN, ...given];
}

const isVerb = (word: string): word is OwnVerb => Object.hasOwn(OPTIONS, word);

/** One that no shell reads as anything else, and no program as an option. */
const isWord = (value: string | undefined): value is string => /^[A-Za-z0-9][A-Za-z0-9-]*$/.test(value ?? "");

/** `nodesOnly` as it is written on a command line: `--nodes-only`. */
const flag = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
