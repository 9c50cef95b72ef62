import { causes, notes } from "./index.ts";

const TITLES = {
  failure: "The answer is no",
  inconclusive: "The question could not be asked, or the run is void",
} as const;

/** docs/troubleshooting.md: the catalogue for a reader who has met a symptom and no verdict yet. */
export function troubleshooting(): string {
  const sections = (["failure", "inconclusive"] as const).flatMap((outcome) => [
    `## ${TITLES[outcome]} (${outcome})`,
    ...causes.filter((cause) => cause.outcome === outcome).map(entry),
  ]);
  return `${[
    "<!-- Written by docs/generate.ts from core/diagnosis/causes: change it there. -->",
    "# Troubleshooting",
    "A verdict names its cause by one of the ids below and quotes the lines that prove it. Where several apply, the one that explains the others is named. What matches none is called `unknown`, with everything that was seen attached: it is never guessed.",
    "To explain a deployment of your own, give its pods the labels of this test and run `npm run collect`; with `--pods FILE` it also asks the API server why it refuses one, and with `--evidence FILE` it keeps everything it saw.",
    ...sections,
    "## Worth knowing of a success",
    ...notes.map(entry),
  ].join("\n\n")}\n`;
}

const entry = ({ id, symptom, explanation, fix }: (typeof causes)[number]): string =>
  [`### ${id}`, `**Symptom.** ${symptom}`, `**Why.** ${explanation}`, `**Fix.** ${fix}`].join("\n\n");
