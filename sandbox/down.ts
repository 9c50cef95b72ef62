/** Stops the sandbox and removes everything it made on the machine but its cache. */

import { note, step } from "../base/progress.ts";
import { tearDown } from "./box/teardown.ts";
import { exclusively, interruptHolder } from "./lock.ts";
import { SandboxError } from "./problem.ts";
import { machineResidue } from "./residue.ts";

/** How much of what is left a person can take in. */
const SHOWN = 8;

/** @throws SandboxError naming what could not be removed */
export async function down(): Promise<void> {
  if (process.getuid?.() !== 0 && machineResidue().length > 0)
    throw new SandboxError("only root can take the sandbox down", "sudo -E npm run sandbox -- down");
  // A start that is under way cleans up after itself when it is asked to stop.
  interruptHolder();
  await exclusively(async () => {
    const any = await step("sandbox down", tearDown);
    if (!any) note("it was not running");
    const left = machineResidue();
    if (left.length > 0) {
      const more = left.length > SHOWN ? `; and ${left.length - SHOWN} more` : "";
      throw new SandboxError(
        `could not be removed: ${left.slice(0, SHOWN).join("; ")}${more}`,
        "Run `npm run sandbox -- down` once more.",
      );
    }
  });
}
