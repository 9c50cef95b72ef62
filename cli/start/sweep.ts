/** The sweeps of a run: that of what it has made itself, and the one by hand. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { say } from "../../base/output.ts";
import { repository } from "../../base/paths.ts";
import { UserError } from "../../base/problem.ts";
import { connect } from "../../cluster/connect.ts";
import { sweepAll } from "../../cluster/sweep.ts";
import { requireOwnNamespace } from "../../cluster/sweepNamespace.ts";
import type { Residue } from "../../cluster/sweepNode.ts";
import { commandWords } from "../../core/contract/commands.ts";
import { planOf } from "../../core/plan/plan.ts";
import type { Settings } from "../../core/settings/settings.ts";
import { NODE_FLAGS } from "../child.ts";
import { residueIn, residueLines } from "./reports.ts";

/**
 * What the sweep at destroy does, for who is there before it.
 *
 * @returns undefined where that is left to it: nothing was made, or something that the engine has to release first
 * @throws UserError where the namespace is another's
 */
export async function sweepOwn(settings: Settings): Promise<Residue[] | undefined> {
  if (planOf(settings).pairs.some(({ variation }) => variation.samePod)) return undefined;
  if (!(await requireOwnNamespace(connect(settings), settings))) return undefined;
  const residue = await sweepAll(settings, "pods", say);
  for (const line of residueLines(residue)) say(line);
  return residue;
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
