/**
 * The whole job many times over on one sandbox: every run must give the same answers. What differs is a defect to be found.
 *
 *   npm run repeat [-- TIMES] [--busy] [--scenario NAME...]
 *
 * With --busy every core is kept busy meanwhile. A busy node may leave a question open, in one run of twenty; it never changes
 * an answer.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { chosen } from "../../core/contract/scenarios.ts";
import "../ownRuns.ts";
import { sandbox, sandboxDown, start } from "../e2e/sandbox.ts";
import { type Answer, agreement, answersOf } from "./agreement.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { busy: { type: "boolean" }, scenario: { type: "boolean" } },
});
const [times, scenarios] = /^\d+$/.test(positionals[0] ?? "")
  ? [Number(positionals[0]), positionals.slice(1)]
  : [20, positionals];
if (scenarios.length > 0 !== (values.scenario ?? false)) throw new Error("name the scenarios after --scenario");

const cluster = await sandbox();
const args = [
  ...["--kubeconfig", cluster.kubeconfig, "--context", cluster.context, "--node", ...cluster.nodes],
  ...["--set", `producerImage=${cluster.images.producer}`, `consumerImage=${cluster.images.producer}`],
  ...(scenarios.length > 0 ? ["--scenario", ...scenarios] : []),
];
const burning = values.busy ? Array.from({ length: availableParallelism() }, burn) : [];
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
process.exitCode = agreed ? 0 : 1;

/** A process that never rests, and ends with this one however that ends. */
function burn(): ChildProcess {
  const loop = `const parent = process.ppid;
    while (process.ppid === parent) for (const end = Date.now() + 500; Date.now() < end; );`;
  return spawn(process.execPath, ["-e", loop], { stdio: "ignore" });
}
