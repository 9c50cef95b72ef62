import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { causes, notes } from "../core/diagnosis/causes/index.ts";

const ROOT = join(import.meta.dirname, "..");
const DOCS = globSync("docs/*.md", { cwd: ROOT }).sort();
const PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/README.md", "stand-ins/README.md", ...DOCS];

const textOf = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const found = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, part = ""]) => part);

/** Blocks of code keep their number of lines. */
const withoutCode = (text: string): string =>
  text.replace(/^```[\s\S]*?^```$/gm, (block) => block.replace(/.+/g, "code").replace(/^$/gm, "code"));

/** Targets of links that stay in the checkout, without their anchors. */
const links = (text: string): string[] =>
  found(text, /\]\(([^)\s]+)\)/g)
    .filter((target) => !/^(https?:|#)/.test(target))
    .map((target) => target.replace(/#.*$/, ""));

describe("documentation", () => {
  const { scripts } = JSON.parse(textOf("package.json")) as { readonly scripts: Readonly<Record<string, string>> };

  for (const file of PAGES)
    it(`${file} links to files that exist, and names npm scripts that exist`, () => {
      const text = textOf(file);
      const missing = links(text).filter((target) => !existsSync(join(ROOT, dirname(file), target)));
      const unknown = found(text, /npm run ([\w:-]+)/g).filter((name) => !(name in scripts));
      assert.deepEqual([...missing, ...unknown], []);
    });

  for (const file of PAGES)
    it(`${file} has one blank line around its headings, and no two in a row`, () => {
      const lines = withoutCode(textOf(file)).split("\n");
      const faults = lines.flatMap((line, index) => {
        const crowded = /^#+ /.test(line) && index > 0 && (lines[index - 1] !== "" || lines[index + 1] !== "");
        return crowded || (line === "" && lines[index + 1] === "" && index + 2 < lines.length)
          ? [`line ${index + 1}: ${line}`]
          : [];
      });
      assert.deepEqual(faults, []);
    });

  for (const file of ["CONTRIBUTING.md", "docs/design.md"])
    it(`${file} names files and directories that exist`, () => {
      const named = found(textOf(file), /`([\w.-]+\/[\w./-]*|[\w-]+\.(?:ts|mjs|md))`/g);
      // A name in capitals is for the reader to replace.
      const missing = named.filter((path) => !/[A-Z]{4}/.test(path) && !existsSync(join(ROOT, path)));
      assert.deepEqual(missing, []);
    });

  it("and code use the field's terms, and none of the words that were given up for them", () => {
    const givenUp = /\b(veiled|ailments?|anew|for want of|leaves? it away|mend(s|ed|ing)?|have told|has told)\b/i;
    const texts = globSync(
      "{*.{ts,md,mjs},{base,cli,cluster,components,core,docs,examples,policy,probe,report,sandbox,stand-ins,test,tools}/**/*.{ts,sh,go,md}}",
      { cwd: ROOT },
    ).filter((file) => file !== "test/docs.test.ts");
    assert.ok(texts.length > 600, `${texts.length} files`);
    const faults = texts.flatMap((file) => {
      const word = givenUp.exec(textOf(file))?.[0];
      return word ? [`${file}: ${word}`] : [];
    });
    assert.deepEqual(faults, []);
  });

  it("has every room in the design", () => {
    const page = textOf("docs/design.md");
    const rooms = globSync("*/", { cwd: ROOT }).filter((name) => !["node_modules", "docs"].includes(name));
    const inner = globSync("core/*/", { cwd: ROOT });
    assert.deepEqual(
      [...rooms, ...inner].filter((name) => !page.includes(`| \`${name.replace(/\/$/, "")}/\``)),
      [],
    );
  });

  it("says of every cause and note what must have been seen", () => {
    const page = textOf("docs/proof.md");
    const missing = [...causes, ...notes]
      .map(({ id }) => id)
      .filter((id) => !new RegExp(`(^|[^\\w-])${id}([^\\w-]|$)`, "m").test(page));
    assert.deepEqual(
      missing.filter((id) => id !== "success"),
      [],
    );
  });

  it("has an index with every page, and a command page with every script", () => {
    const pages = DOCS.map((file) => basename(file)).filter((name) => name !== "README.md");
    const listed = links(textOf("docs/README.md"));
    assert.deepEqual(
      pages.filter((name) => !listed.includes(name)),
      [],
    );
    const commands = textOf("docs/commands.md");
    const named = (name: string) =>
      commands.includes(`\`npm ${["start", "test"].includes(name) ? "" : "run "}${name}\``);
    assert.deepEqual(
      Object.keys(scripts).filter((name) => !named(name)),
      [],
    );
  });
});
