/** The sweep of a run: what the one at destroy has reported, and the one by hand. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { repository } from "../../base/paths.ts";
import { UserError } from "../../base/problem.ts";
import { commandWords } from "../../core/contract/commands.ts";
import { NODE_FLAGS } from "../child.ts";
import { stateOf } from "../stack/claim.ts";

/** Names a file that a sweep appends its report to, one JSON document a line, for a caller that cannot read its output. */
export const SWEEP_REPORT = "FUSE_TEST_SWEEP_REPORT";

/** Where the sweep at destroy writes its report. */
export const sweepReport = (stack: string): string => join(stateOf(stack), "sweep.jsonl");

/** What the sweep at destroy has found to be left, or undefined where it did not come to run. */
export function residueReported(stack: string): string[] | undefined {
  const file = sweepReport(stack);
  if (!existsSync(file)) return undefined;
  return readFileSync(file, "utf8").trim().split("\n").flatMap(residueIn);
}

/** The sweep by hand, as a process of its own: it needs neither the engine nor its state, and no Ctrl-C reaches it. */
export async function sweepByHand(settings: object): Promise<string[]> {
  const program = join(repository, "cli", "main.ts");
  const child = spawn(process.execPath, [...NODE_FLAGS, program, ...commandWords("sweep", { json: true })], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  child.stdin.end(JSON.stringify(settings));
  const document = await text(child.stdout);
  if (document === "")
    throw new UserError("the sweep did not come to its end", {
      remedy: "run `npm run sweep` when the cluster answers",
    });
  return residueIn(document);
}

const residueIn = (document: string): string[] =>
  (JSON.parse(document) as { residue: { node: string; what: string }[] }).residue.map(
    ({ node, what }) => `${node}: ${what}`,
  );
