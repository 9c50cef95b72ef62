/**
 * Offline stand-in, used only where the official plugin cannot be installed: what a change of inputs does to an object.
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

/** Properties below which any change needs a new object, by kind. */
const IMMUTABLE: Readonly<Record<string, readonly string[]>> = {
  Deployment: ["spec.selector"],
  DaemonSet: ["spec.selector"],
  StatefulSet: ["spec.selector", "spec.serviceName", "spec.podManagementPolicy", "spec.volumeClaimTemplates"],
  Job: ["spec.template", "spec.selector", "spec.completions", "spec.completionMode"],
  PersistentVolumeClaim: [
    "spec.accessModes",
    "spec.selector",
    "spec.storageClassName",
    "spec.volumeMode",
    "spec.volumeName",
  ],
  PersistentVolume: ["spec.hostPath", "spec.local", "spec.nfs", "spec.csi", "spec.nodeAffinity"],
  StorageClass: ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"],
  RoleBinding: ["roleRef"],
  ClusterRoleBinding: ["roleRef"],
  Service: ["spec.clusterIP"],
};
const IDENTITY = ["apiVersion", "kind", "metadata.name", "metadata.namespace"];

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

function needsNewObject(change: Change, before: Bag, after: Bag, settings: DiffSettings): boolean {
  const kind = textAt(after, "kind") ?? "";
  if (touches(change.path, IDENTITY)) return true;
  if (kind === "Pod") return needsNewPod(change, before);
  if (kind === "ConfigMap" && (!settings.configMapMutable || before.immutable === true)) {
    return (
      touches(change.path, ["data", "binaryData"]) || (before.immutable === true && touches(change.path, ["immutable"]))
    );
  }
  if (kind === "Secret" && (!settings.secretMutable || before.immutable === true)) {
    return (
      touches(change.path, ["data", "stringData", "type"]) ||
      (before.immutable === true && touches(change.path, ["immutable"]))
    );
  }
  return touches(change.path, IMMUTABLE[kind] ?? []);
}

/**
 * The API lets a container's image change in place, but the official plugin replaces the Pod: a Pod that is not restarted
 * would otherwise end. The deadline and further tolerations are all that is changed in place.
 */
function needsNewPod({ path, kind }: Change, before: Bag): boolean {
  if (path[0] !== "spec") return false;
  if (path[1] === "activeDeadlineSeconds") return false;
  if (path[1] === "tolerations") {
    const known = valueAt(before, ["spec", "tolerations"]);
    const index = path[2];
    const added =
      kind === "add" &&
      (path.length === 2 || (path.length === 3 && Number(index) >= (Array.isArray(known) ? known.length : 0)));
    return !added;
  }
  return true;
}

/** Whether the path is one of these, below one of these, or holds one of these. */
function touches(path: PropertyPath, properties: readonly string[]): boolean {
  return properties.some((property) =>
    property.split(".").every((part, index) => index >= path.length || path[index] === part),
  );
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
