/** The tables of stand-ins/README.md name a test for nearly every row. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");

/** Rows of behaviour, official, stand-in and test. */
const rows = readFileSync(join(ROOT, "stand-ins/README.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .map((line) => line.slice(2, -2).split(" | "))
  .filter((cells) => cells.length === 4 && cells[0] !== "behaviour");

const pathOf = (file: string): string => join(ROOT, "test/stand-ins", `${file}.test.ts`);

/** Whether the file has a test, or a group of tests, whose title begins so. */
function hasTitle(file: string, title: string): boolean {
  const text = existsSync(pathOf(file)) ? readFileSync(pathOf(file), "utf8") : "";
  return ['it("', "it(`", 'describe("'].some((opening) => text.includes(opening + title));
}

/** The parts of a cell that do not exist. A cell holds paths in backticks, file names, and `file: title; title`. */
function missingIn(cell: string): string[] {
  if (cell.startsWith("none")) return [];
  let file = "";
  return cell.split(/[;,] /).filter((part) => {
    const path = /^`(.+)`$/.exec(part)?.[1];
    if (path !== undefined) return !existsSync(join(ROOT, path));
    if (existsSync(pathOf(part))) return false;
    const [, name, title] = /^(\w+): (.+)$/.exec(part) ?? [];
    file = name ?? file;
    return !hasTitle(file, title ?? part);
  });
}

describe("the tables of stand-ins/README.md", () => {
  it("name tests that exist", () => {
    assert.ok(rows.length > 40, `only ${rows.length} rows were found`);
    assert.deepEqual(
      rows.flatMap(([behaviour, , , cell = ""]) => missingIn(cell).map((part) => `${behaviour}: ${part}`)),
      [],
    );
  });
});
