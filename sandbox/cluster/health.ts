/** Whether a running sandbox can be used. */
import { isAlive } from "../../base/identity.ts";
import { until } from "../../base/stop.ts";
import { openApi, recordedAccess } from "./api.ts";
import { processesOf, type Record } from "./record.ts";

export interface Problem {
  readonly what: string;
  /** It does not pass by waiting. */
  readonly permanent?: boolean;
}

/** What is wrong with a running sandbox; undefined where nothing is. */
export async function healthProblem(record: Record): Promise<string | undefined> {
  return persistentProblem(async () => {
    const dead = processesOf(record).filter(({ process }) => !isAlive(process));
    if (dead.length > 0) return { what: `ended: ${dead.map(({ name }) => name).join(", ")}`, permanent: true };
    const access = recordedAccess();
    if (!access) return { what: "its kubeconfig is gone", permanent: true };
    const api = openApi(access);
    const [ready, nodes] = await Promise.all([api.ready(), api.nodes()]);
    if (!ready) return { what: "the API server is not ready" };
    const missing = record.sandbox.nodes.filter((name) => !nodes.some((node) => node.name === name && node.ready));
    return missing.length > 0 ? { what: `not ready: ${missing.join(", ")}` } : undefined;
  });
}

/**
 * Checks until nothing is wrong, or something still is at the end: a sandbox with a problem is torn down, and on a loaded machine
 * one slow answer is none.
 *
 * @param within milliseconds for which a problem may pass
 * @param every milliseconds between two checks
 */
export async function persistentProblem(
  check: () => Promise<Problem | undefined>,
  { within, every } = { within: 15_000, every: 500 },
): Promise<string | undefined> {
  let problem: Problem | undefined;
  const isDecided = async () => {
    problem = await check();
    return !problem || problem.permanent;
  };
  await until(isDecided, { every, within });
  return problem?.what;
}
