/**
 * In place of the Node that a verb starts a program with: it notes its words, answers --json with a document, and ends as it is told. It is what
 * PATH has for `pulumi`, too, where that document says so.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface FakeNode {
  /** The words of each call, a line each. */
  words(): string[];
  restore(): void;
}

export function fakeNode(says: object | undefined, code: number): FakeNode {
  const own = process.execPath;
  const folder = mkdtempSync(join(tmpdir(), "fake-node-"));
  const [program, said, words] = ["pulumi", "said", "words"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(said, says ? JSON.stringify({ ...says, env: { PATH: `${folder}:${process.env.PATH}` } }) : "");
  writeFileSync(
    program,
    `#!/bin/sh\necho "$@" >>${words}\ncase "$*" in *--json*) cat ${said} ;; esac\nexit ${code}\n`,
    { mode: 0o755 },
  );
  process.execPath = program;
  return {
    words: () => readFileSync(words, "utf8").trim().split("\n"),
    restore: () => {
      process.execPath = own;
      rmSync(folder, { recursive: true });
    },
  };
}
