/**
 * What a change of inputs does to an object: nothing, an update, or a replacement.
 *
 * Inputs are compared with the inputs applied last, never with the live object: what the server defaulted is no change.
 */
import { type Change, changesBetween, isRecord, type PropertyPath, textAt, valueAt } from "../protocol/paths.ts";
import type { DiffAnswer } from "../protocol/provider.ts";
import type { Bag } from "../protocol/values.ts";
import { isAutonamed } from "./names.ts";

export interface DiffSettings {
  /** As in the official plugin, ConfigMaps and Secrets are replaced when their data changes, unless this is set. */
  readonly configMapMutable: boolean;
  readonly secretMutable: boolean;
}

/** Properties below which any change needs a new object, by kind: those of the official plugin, no more and no fewer. */
const IMMUTABLE: Readonly<Record<string, readonly string[]>> = {
  Deployment: ["spec.selector"],
  DaemonSet: ["spec.selector"],
  StatefulSet: [
    "spec.podManagementPolicy",
    "spec.revisionHistoryLimit",
    "spec.selector",
    "spec.serviceName",
    "spec.volumeClaimTemplates",
  ],
  Job: ["spec.completions", "spec.parallelism", "spec.selector", "spec.template"],
  PersistentVolumeClaim: ["spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"],
  PersistentVolume: ["spec.hostPath", "spec.local", "spec.nfs", "spec.csi"],
  ResourceQuota: ["spec.scopes"],
  StorageClass: ["parameters", "provisioner"],
  RoleBinding: ["roleRef"],
  ClusterRoleBinding: ["roleRef"],
  Service: ["spec.clusterIP"],
  Pod: [
    ...words(
      "affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC hostNetwork hostPID",
      "hostname imagePullSecrets nodeName nodeSelector overhead preemptionPolicy priority priorityClassName readinessGates",
      "restartPolicy runtimeClassName schedulerName securityContext serviceAccount serviceAccountName",
      "shareProcessNamespace subdomain terminationGracePeriodSeconds volumes",
    ).map((field) => `spec.${field}`),
    ...words(
      "args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources securityContext stdin",
      "stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir",
    ).flatMap((field) => [`spec.containers.*.${field}`, `spec.initContainers.*.${field}`]),
  ],
};
const IDENTITY = ["metadata.name", "metadata.namespace"];

function words(...lines: readonly string[]): string[] {
  return lines.flatMap((line) => line.split(" "));
}

export function diffObjects(before: Bag, after: Bag, settings: DiffSettings): DiffAnswer {
  const changes = changesBetween(before, after).map((change) => ({
    ...change,
    replace: needsNewObject(change, before, after, settings),
  }));
  const sameName = ["name", "namespace"].every(
    (key) => textAt(before, "metadata", key) === textAt(after, "metadata", key),
  );
  return {
    changes,
    // Two objects of one name cannot exist side by side; a generated name is never reused, so there the new one comes first.
    deleteBeforeReplace: changes.some(({ replace }) => replace) && sameName && !isAutonamed(after),
  };
}

function needsNewObject({ path }: Change, before: Bag, after: Bag, settings: DiffSettings): boolean {
  const kind = textAt(after, "kind") ?? "";
  const touched = (properties: readonly string[]) => properties.some((one) => touches(path, one, before, after));
  if (touched(IDENTITY)) return true;
  if (kind === "ConfigMap" && (!settings.configMapMutable || after.immutable === true))
    return touched(["data", "binaryData"]);
  if (kind === "Secret" && (!settings.secretMutable || after.immutable === true))
    return touched(["data", "stringData", "type"]);
  return touched(IMMUTABLE[kind] ?? []);
}

/**
 * Whether the path is this property, or below it, or a new value there holds it. `*` is any element of a list. Where a whole
 * element is gone, nothing is held: the official plugin then updates in place, and the API server has the last word.
 */
function touches(path: PropertyPath, property: string, before: Bag, after: Bag): boolean {
  const parts = property.split(".");
  const alike = path.every((key, index) => {
    const part = parts[index];
    return part === undefined || part === key || (part === "*" && typeof key === "number");
  });
  if (!alike) return false;
  if (path.length >= parts.length) return true;
  const value = valueAt(path[0] === "metadata" ? before : after, path);
  return holds(value, parts.slice(path.length));
}

function holds(value: unknown, [part, ...rest]: readonly string[]): boolean {
  if (part === undefined) return value !== undefined && value !== null;
  if (part === "*") return Array.isArray(value) && value.some((item) => holds(item, rest));
  return isRecord(value) && holds(value[part], rest);
}

/**
 * What to remember as inputs after a refresh: the old ones, with the live value wherever the live object has drifted
 * from how it looked after the last apply. Defaults and other spellings of the same quantity are therefore no drift.
 */
export function withDrift(inputs: unknown, lastSeen: unknown, live: unknown): unknown {
  if (changesBetween(lastSeen, live).length === 0) return inputs;
  if (isRecord(inputs) && isRecord(lastSeen) && isRecord(live)) {
    const entries = Object.entries(inputs).map(
      ([key, value]) => [key, withDrift(value, lastSeen[key], live[key])] as const,
    );
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  }
  if (sameLength(inputs, lastSeen) && sameLength(inputs, live)) {
    return (inputs as unknown[]).map((item, index) =>
      withDrift(item, valueAt(lastSeen, [index]), valueAt(live, [index])),
    );
  }
  return live;
}

function sameLength(one: unknown, other: unknown): boolean {
  return Array.isArray(one) && Array.isArray(other) && one.length === other.length;
}
