/**
 * The whole job many times over on one sandbox: every run must give the same answers. What differs is a defect to be found.
 * npm run repeat -- --help
 *
 * A busy node may leave a question open, in one run of twenty; it never changes an answer.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { EXIT, run } from "../../cli/run.ts";
import { chosen } from "../../core/contract/scenarios.ts";
import "../ownRuns.ts";
import { sandbox, sandboxDown, start } from "../e2e/sandbox.ts";
import { type Answer, agreement, answersOf } from "./agreement.ts";
import { type RepeatOptions, repeatOptions } from "./options.ts";

await run(() => repeat(repeatOptions(process.argv.slice(2))));

async function repeat({ times, busy, scenarios }: RepeatOptions): Promise<number> {
  const cluster = await sandbox();
  const args = [
    ...["--kubeconfig", cluster.kubeconfig, "--context", cluster.context, "--node", ...cluster.nodes],
    ...["--set", `producerImage=${cluster.images.producer}`, `consumerImage=${cluster.images.producer}`],
    ...(scenarios.length > 0 ? ["--scenario", ...scenarios] : []),
  ];
  const burning = busy ? Array.from({ length: availableParallelism() }, burn) : [];
  const runs: Answer[][] = [];
  try {
    for (let time = 1; time <= times; time++) {
      const { document, seconds, stderr } = await start(args);
      const answers = answersOf(document, chosen(scenarios).includes("daemon-crash"));
      runs.push(answers);
      console.log(`${time}/${times}  ${seconds.toFixed(1)} s`);
      for (const { of, says } of answers) console.log(`  ${of}  ${says}`);
      if (!agreement(runs).agreed || answers.some(({ open }) => open)) console.log(stderr);
    }
  } finally {
    for (const process of burning) process.kill();
    await sandboxDown();
  }
  const { agreed, lines } = agreement(runs);
  for (const line of lines) console.log(line);
  return agreed ? EXIT.success : EXIT.failure;
}

/** A process that never rests, and ends with this one however that ends. */
function burn(): ChildProcess {
  const loop = `const parent = process.ppid;
    while (process.ppid === parent) for (const end = Date.now() + 500; Date.now() < end; );`;
  return spawn(process.execPath, ["-e", loop], { stdio: "ignore" });
}
