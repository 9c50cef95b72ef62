import type { Workload } from "./workload.ts";

/** What a manifest lays out wrongly. The ids of causes mean what they mean in a verdict. */
export const FINDINGS = {
  "consumer-binds-mountpoint": "error",
  "producer-binds-mountpoint": "error",
  "consumer-not-host-to-container": "error",
  "producer-not-bidirectional": "error",
  "producer-not-privileged": "error",
  "bridge-not-hostpath": "error",
  "subpath-used": "error",
  "different-nodes": "error",
  "not-colocated": "error",
  "recursive-read-only": "error",
  "directory-or-create-hides": "error",
  "different-paths": "error",
  "two-mounters": "error",
  "device-without-plugin": "error",
  "liveness-can-hang": "error",
  "gate-missing": "advice",
  "liveness-missing": "advice",
  "stale-mount-not-cleared": "advice",
} as const satisfies Readonly<Record<string, "error" | "advice">>;

export type FindingId = keyof typeof FINDINGS;

/** An operation of a JSON patch (RFC 6902). */
export interface PatchOperation {
  readonly op: "add" | "replace" | "remove";
  readonly path: string;
  readonly value?: unknown;
}

/** Sets a field, whether or not it is there. */
export const set = (path: string, value: unknown): PatchOperation => ({ op: "add", path, value });

export interface Finding {
  readonly id: FindingId;
  /** `error`: it cannot work so, or breaks one day. `advice`: it works, and is fragile. */
  readonly severity: "error" | "advice";
  readonly file: string;
  /** `Deployment media/sonarr`. */
  readonly object: string;
  /** Of the field in the object: `spec.template.spec.containers[0].volumeMounts[1]`. */
  readonly path: string;
  /** What is wrong, why, and the source of that. */
  readonly message: string;
  /** A JSON patch of the object, or a sentence where the manifest does not say enough for one. */
  readonly fix: string;
}

/** @param fix operations whose paths are written as those of findings */
export function finding(
  id: FindingId,
  { file, object }: Workload,
  path: string,
  message: string,
  fix: string | readonly PatchOperation[],
): Finding {
  const patch = (operations: readonly PatchOperation[]) =>
    JSON.stringify(operations.map((operation) => ({ ...operation, path: pointer(operation.path) })));
  return {
    ...{ id, severity: FINDINGS[id], file, object, path, message },
    fix: typeof fix === "string" ? fix : patch(fix),
  };
}

/** `spec.containers[0].name` -> `/spec/containers/0/name`; keys with a dot or a slash come in brackets and quotes. */
const pointer = (path: string): string =>
  [...path.matchAll(/\["([^"]+)"\]|\[(\d+|-)\]|([^.[\]]+)/g)]
    .map(([, quoted, index, name]) => `/${(quoted ?? index ?? name ?? "").replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
