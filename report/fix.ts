/** The fix of a verdict as lines for a person: in a sentence, and where there is something to copy, that. */
import type { Remedy } from "../core/diagnosis/remedies/remedy.ts";
import type { Verdict } from "../core/diagnosis/verdict.ts";

export const fixLines = ({ fix, fixTried, remedy }: Verdict): string[] => [
  `  fix       ${fix}${fixTried ? " (tried by this project)" : ""}`,
  ...(remedy ? remedyLines(remedy) : []),
];

function remedyLines({ title, tried, now, files, after, remarks }: Remedy): string[] {
  return [
    `            for ${title}${tried ? "" : ", not tried here"}`,
    ...block("until the next boot, as root", now),
    ...files.flatMap(({ path, text, executable }) =>
      block(`to last, ${path}${executable ? " (chmod +x)" : ""}`, text.split("\n")),
    ),
    ...block("and then", after),
    ...remarks.map((remark) => `            ${remark}`),
  ];
}

const block = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`            ${title}:`, ...lines.map((line) => `              ${line}`)];
