/**
 * The whole job many times over on one sandbox: every run must give the same grades. What differs is a defect to be found.
 *
 *   npm run repeat [-- TIMES]
 */
import { parseArgs } from "node:util";
import { sandbox, sandboxDown, start } from "../e2e/sandbox.ts";

const { positionals } = parseArgs({ allowPositionals: true });
const times = Number(positionals[0] ?? 20);
const cluster = await sandbox();
const target = ["--kubeconfig", cluster.kubeconfig, "--context", cluster.context, "--node", ...cluster.nodes];
const images = ["--set", `producerImage=${cluster.images.producer}`, `consumerImage=${cluster.images.producer}`];
const counts = new Map<string, number>();
try {
  for (let time = 1; time <= times; time++) {
    const { document, seconds, stderr } = await start([...target, ...images]);
    const answers = Object.entries(document?.nodes ?? {}).map(
      ([node, { verdict, grade, cause, permissions }]) =>
        `${node} ${verdict} ${grade ?? "-"} ${cause}${permissions ? ` ${cells(permissions)}` : ""}`,
    );
    const answer = [...answers.sort(), `residue ${document?.residue.length ?? "?"}`].join("; ");
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
    console.log(`${time}/${times}  ${seconds.toFixed(1)} s  ${answer}`);
    if (counts.size > 1) console.log(stderr);
  }
} finally {
  await sandboxDown();
}
console.log(`${counts.size === 1 ? "√" : "×"} ${counts.size} different answers in ${times} runs`);
process.exitCode = counts.size === 1 ? 0 : 1;

/** How many cells of the matrix can be read: one number that changes where any of them does. */
function cells(matrix: object): string {
  const read = Object.values(matrix).flatMap(({ readers }: { readers: Record<string, { read?: string }> }) =>
    Object.values(readers).map((access) => access.read ?? "not probed"),
  );
  return `${read.filter((one) => one === "ok").length} of ${read.length} cells read`;
}
