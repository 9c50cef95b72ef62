/** The sweep of a run by hand. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { repository } from "../../base/paths.ts";
import { UserError } from "../../base/problem.ts";
import { commandWords } from "../../core/contract/commands.ts";
import { NODE_FLAGS } from "../child.ts";
import { residueIn } from "./reports.ts";

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
