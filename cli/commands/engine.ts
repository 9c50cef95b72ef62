/**
 * Pulumi's own commands with the policy pack: `npm run preview`, `npm run up`, `npm run destroy`. The engine is the machine's
 * where it has the right one, else the sandbox's. Everything behind `--` is Pulumi's.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { prepareEngine } from "./ground.ts";
import { ROOT } from "./places.ts";
import { EXIT, main, UserError } from "./problem.ts";

const VERBS = ["preview", "up", "destroy"];

await main(async () => {
  const [verb = "", ...rest] = process.argv.slice(2);
  if (!VERBS.includes(verb))
    throw new UserError(`there is no command ${verb}`, { remedy: `use one of ${VERBS.join(", ")}` });
  const { env } = await prepareEngine();
  // A destroy makes nothing that a policy could judge.
  const pack = verb === "destroy" ? [] : ["--policy-pack", join(ROOT, "policy")];
  const child = spawn("pulumi", [verb, ...pack, ...rest], {
    cwd: ROOT,
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  // A terminal's Ctrl-C reaches the engine by itself; one that is sent to us alone must be passed on.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  return new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? EXIT.tool));
  });
});
