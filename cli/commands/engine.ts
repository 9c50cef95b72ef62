/**
 * Pulumi's own commands with the policy pack. The engine is the machine's where it has the right one, else the sandbox's. All
 * options are Pulumi's.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { repository } from "../../base/paths.ts";
import { passedThrough } from "../child.ts";
import { prepareEngine } from "../start/target.ts";

export async function runEngine(verb: "preview" | "up" | "destroy", args: readonly string[]): Promise<number> {
  const { env } = await prepareEngine();
  // A destroy makes nothing that a policy could judge.
  const pack = verb === "destroy" ? [] : ["--policy-pack", join(repository, "policy")];
  return passedThrough(
    spawn("pulumi", [verb, ...pack, ...args], { cwd: repository, stdio: "inherit", env: { ...process.env, ...env } }),
  );
}
