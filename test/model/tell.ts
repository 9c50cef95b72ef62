/** A counterexample as a person reads it: what was planned, what was said in which order, and what was answered. */
import type { Violation } from "./laws.ts";
import type { Plan } from "./plan.ts";
import { START } from "./world.ts";

export function story(plan: Plan, found: readonly Violation[]): string {
  const [first] = found;
  const lines = [`plan ${JSON.stringify(plan)}`, ...found.map(({ law, text }) => `✗ ${law}: ${text}`)];
  if (!first) return lines.join("\n");
  const { evidence, verdict } = first;
  const records = [...evidence.records].sort((a, b) => a.uptime - b.uptime);
  return [
    ...lines,
    `evidence of the first, ${evidence.final ? "at the end of the time" : "so far"}:`,
    ...evidence.pods.flatMap(({ name, phase, unschedulable, containers }) => [
      `  ${name} ${phase} ${unschedulable ?? ""}`,
      ...containers.map((one) => `    ${one.name} ${one.state} ${one.reason} ${one.message} ${one.exitCode ?? ""}`),
    ]),
    ...evidence.events.map(({ object, message }) => `  event of ${object}: ${message}`),
    ...evidence.refusals.map((words) => `  refused: ${words}`),
    ...records.map((record) => {
      const { uptime, role, step, result, errno, nonce } = record;
      const { kind, exit_code } = record as { readonly kind?: string; readonly exit_code?: string };
      const more = [errno, nonce?.slice(0, 8), kind, exit_code && `exit code ${exit_code}`].filter(Boolean).join(" ");
      return `  ${(uptime - START).toFixed(2).padStart(6)} ${role.padEnd(8)} ${step} ${result} ${more}`;
    }),
    `answer: ${verdict ? [verdict.verdict, verdict.cause, verdict.grade ?? "no grade"].join(", ") : "none yet"}`,
  ].join("\n");
}
