/** Whether an object counts as ready, and what it lacks. */
import { isRecord, textAt, valueAt } from "../protocol/paths.ts";
import type { Bag } from "../protocol/values.ts";
import type { Client, KubeObject } from "./client.ts";
import { annotation } from "./names.ts";

export interface Readiness {
  readonly state: "ready" | "waiting" | "failed";
  /** What stands in the way, one line each. */
  readonly reasons: readonly string[];
}

const READY: Readiness = { state: "ready", reasons: [] };

/** The one form of `pulumi.com/waitFor` that is served here: a path of plain keys that must exist. */
const WAIT_FOR = /^jsonpath=\{\.(\w+(?:\.\w+)*)\}$/;

/** Why the object's `pulumi.com/waitFor` cannot be served here; undefined where it can, or is not given. */
export function waitForFault(object: Bag): string | undefined {
  const given = annotation(object, "pulumi.com/waitFor");
  if (given === undefined || WAIT_FOR.test(given)) return undefined;
  return `${JSON.stringify(given)} needs the official kubernetes plugin; the offline stand-in serves jsonpath={.path.to.key} without a value.`;
}

/** Kinds other than these count as ready once they exist; `pulumi.com/waitFor` takes the place of what a kind waits for. */
export function readinessOf(object: KubeObject): Readiness {
  const path = annotation(object, "pulumi.com/waitFor")?.match(WAIT_FOR)?.[1];
  if (path !== undefined) {
    const found = valueAt(object, path.split(".")) !== undefined;
    return found ? READY : { state: "waiting", reasons: [`there is no .${path} yet`] };
  }
  if (object.kind === "Pod") return podReadiness(object);
  if (object.kind === "Namespace" && textAt(object, "status", "phase") !== "Active") {
    return { state: "waiting", reasons: [`namespace is ${textAt(object, "status", "phase") ?? "without a phase"}`] };
  }
  if (object.kind === "CustomResourceDefinition" && !isTrue(object, "Established")) {
    return { state: "waiting", reasons: ["the definition is not established"] };
  }
  return READY;
}

/**
 * Why a refresh finds the object not ready; undefined where it is. As in the official plugin a Pod is judged by its own readiness
 * then, whatever `pulumi.com/waitFor` says, and not at all where `pulumi.com/skipAwait` is "true".
 */
export function refreshFailure(inputs: Bag, live: KubeObject): readonly string[] | undefined {
  if (live.kind !== "Pod" || annotation(inputs, "pulumi.com/skipAwait") === "true") return undefined;
  const { state, reasons } = podReadiness(live);
  const name = textAt(live, "metadata", "name");
  return state === "ready" ? undefined : [`Resource '${name}' was created but failed to initialize`, ...reasons];
}

function podReadiness(pod: KubeObject): Readiness {
  const phase = textAt(pod, "status", "phase") ?? "Pending";
  const conditions = records(valueAt(pod, ["status", "conditions"]));
  if (phase === "Succeeded" || conditions.some(({ type, status }) => type === "Ready" && status === "True"))
    return READY;
  const reasons = [...podLines(pod, phase), ...conditionLines(conditions), ...containerLines(pod)];
  // A failed Pod never becomes ready: waiting for the timeout would only hide the reason.
  return { state: phase === "Failed" ? "failed" : "waiting", reasons };
}

function isTrue(object: KubeObject, condition: string): boolean {
  return records(valueAt(object, ["status", "conditions"])).some(
    ({ type, status }) => type === condition && status === "True",
  );
}

function podLines(pod: KubeObject, phase: string): string[] {
  const why = [textAt(pod, "status", "reason"), textAt(pod, "status", "message")].filter(Boolean).join(": ");
  return [`Pod is ${phase}${why && ` (${why})`}`];
}

function conditionLines(conditions: readonly Bag[]): string[] {
  return (
    conditions
      // ContainersReady says what Ready says.
      .filter(
        ({ type, status, message, reason }) => type !== "ContainersReady" && status === "False" && (message || reason),
      )
      .map(({ type, reason, message }) => `${type}: ${[reason, message].filter(Boolean).join(": ")}`)
  );
}

function containerLines(pod: KubeObject): string[] {
  const statuses = ["initContainerStatuses", "containerStatuses"].flatMap((list) =>
    records(valueAt(pod, ["status", list])),
  );
  return statuses.flatMap((status) => {
    const name = `container ${textAt(status, "name") ?? "?"}`;
    const waiting = valueAt(status, ["state", "waiting"]);
    const ended = valueAt(status, ["state", "terminated"]) ?? valueAt(status, ["lastState", "terminated"]);
    const lines: string[] = [];
    if (isRecord(waiting)) lines.push(`${name} waits: ${[waiting.reason, waiting.message].filter(Boolean).join(": ")}`);
    if (isRecord(ended) && ended.exitCode !== 0) {
      lines.push(
        `${name} ended: ${[ended.reason, `exit code ${ended.exitCode}`, ended.message].filter(Boolean).join(": ")}`,
      );
    }
    return lines;
  });
}

/** The object's latest warnings, oldest first; none when events cannot be read. */
export async function warningsAbout(client: Client, object: KubeObject): Promise<string[]> {
  const namespace = textAt(object, "metadata", "namespace");
  if (namespace === undefined) return [];
  const fieldSelector = `involvedObject.uid=${textAt(object, "metadata", "uid") ?? ""},type=Warning`;
  const signal = AbortSignal.timeout(5_000);
  const list = await client
    .request("GET", `/api/v1/namespaces/${namespace}/events`, { query: { fieldSelector }, signal })
    .catch(() => ({ items: [] }));
  return records(list.items)
    .slice(-5)
    .map((event) => `event ${textAt(event, "reason") ?? "?"}: ${textAt(event, "message") ?? ""}`);
}

function records(value: unknown): Bag[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
