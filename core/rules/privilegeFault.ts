import { PROBE_CONFIG_MAP, PRODUCER } from "../contract/names.ts";
import type { Cursor } from "./cursor.ts";
import { type ContainerView, type PodView, volumeOf } from "./pods.ts";
import {
  PROBE_DIRECTORY,
  type PrivilegedContainer,
  privilegedContainers,
  SCRIPT,
  TERMINATION_PATH,
  UNNEEDED,
  type Value,
} from "./privilegedContainers.ts";
import type { Review } from "./review.ts";
import { roleOf } from "./roles.ts";

const judged = new WeakMap<Cursor, { readonly words: string | undefined }>();

/**
 * Why a container must not be privileged; undefined where it may: it is the producer's (or the sweep's), in its place, and
 * runs nothing but the project's own script.
 */
export function privilegeFault(review: Review, pod: PodView, container: ContainerView): string | undefined {
  // Each of its mounts asks.
  const before = judged.get(container.fields);
  if (before) return before.words;
  const words = newPrivilegeFault(review, pod, container);
  judged.set(container.fields, { words });
  return words;
}

function newPrivilegeFault(review: Review, pod: PodView, { fields, list }: ContainerView): string | undefined {
  const role = roleOf(review, pod);
  const known = privilegedContainers(review.allowed).find((one) => one.role === role);
  if (!known)
    return `belongs to no pod that may have it: only the Pod ${PRODUCER} of namespace ${review.allowed.namespace} does`;
  if (list !== known.list)
    return `is in ${list}: only ${known.list === "containers" ? "a regular container" : "a native sidecar"} may have it`;
  if (list === "initContainers" && fields.get("restartPolicy").text !== "Always")
    return "is no native sidecar: restartPolicy is not Always";
  if (fields.get("name").text !== known.name) return `is not container ${known.name}`;
  const words = commandFault(known, fields) ?? environmentFault(known, fields) ?? mountFault(known, pod, fields);
  if (words) return words;
  for (const key of UNNEEDED) if (stored(fields.get(key))) return `has ${key}, which the ${role} does not need`;
  const ended = fields.get("terminationMessagePath");
  if (!ended.empty && ended.text !== TERMINATION_PATH) return "has its last message written over one of its files";
  if (!pod.spec.get("shareProcessNamespace").off) return "shares its processes with the pod's other containers";
  if (known.probe && !runsProbe(pod, fields)) return `does not take ${PROBE_DIRECTORY} from ${PROBE_CONFIG_MAP}`;
  return undefined;
}

/** Whether the API server keeps the field: it leaves out empty texts and lists, but no empty map. */
const stored = (field: Cursor): boolean =>
  !field.empty || (!field.absent && field.text === undefined && !Array.isArray(field.value));

function commandFault({ command, script }: PrivilegedContainer, container: Cursor): string | undefined {
  const words = container
    .get("command")
    .items()
    .map(({ text }) => text);
  if (words.length !== command.length || command.some((word, index) => word !== SCRIPT && word !== words[index]))
    return "runs another command than the project's";
  return script === undefined || words[command.indexOf(SCRIPT)] === script
    ? undefined
    : "runs another script than the project's";
}

function environmentFault({ environment, role }: PrivilegedContainer, container: Cursor): string | undefined {
  for (const one of container.get("env").items()) {
    const name = one.get("name");
    const known = Object.hasOwn(environment, name.text ?? "") ? environment[name.text ?? ""] : undefined;
    const value = one.get("value").text ?? "";
    if (role !== "sweep-unmount" && (name.text === "COMMAND" || name.unknown)) {
      if (known === undefined || !may(known, value)) return "runs a daemon of its own that is not allowed";
    } else if (known === undefined)
      return `has the variable ${JSON.stringify(name.text ?? "")}, which the ${role} does not need`;
    else if (!may(known, value)) return `has a value of the variable ${name.text} that the ${role} is never given`;
  }
  return undefined;
}

function may(known: Value, value: string): boolean {
  if ("equals" in known) return value === known.equals;
  return (
    new RegExp(known.matches, "u").test(value) &&
    (known.butNot === undefined || !new RegExp(known.butNot, "u").test(value))
  );
}

/** A volume over its programs would replace them. */
function mountFault({ mounts, role }: PrivilegedContainer, pod: PodView, container: Cursor): string | undefined {
  for (const mount of container.get("volumeMounts").items()) {
    const path = mount.get("mountPath").text ?? "";
    const sources = Object.hasOwn(mounts, path) ? (mounts[path] ?? []) : undefined;
    if (!sources) return `has a volume at ${JSON.stringify(path)}, where the ${role} needs none`;
    const volume = volumeOf(pod, mount);
    if (!volume || !sources.some((source) => comesFrom(volume, source)))
      return `has another volume at ${path} than ${sources.join(" or ")}`;
  }
  return undefined;
}

/** Kubernetes makes a volume without a source an emptyDir. */
export const comesFrom = (volume: Cursor, source: string): boolean =>
  !volume.get(source).absent ||
  (source === "emptyDir" && volume.entries().every((field) => field.key === "name" || field.absent));

/** The probe is its config map, whole, and nothing is mounted over it. */
function runsProbe(pod: PodView, container: Cursor): boolean {
  const mounts = container.get("volumeMounts").items();
  const probe = mounts.filter((mount) => `${mount.get("mountPath").text ?? ""}/`.startsWith(`${PROBE_DIRECTORY}/`));
  const [mount] = probe;
  if (probe.length !== 1 || !mount || mount.get("mountPath").text !== PROBE_DIRECTORY) return false;
  if (!mount.get("subPath").empty || !mount.get("subPathExpr").empty) return false;
  const volume = volumeOf(pod, mount);
  return volume?.dig("configMap", "name").text === PROBE_CONFIG_MAP && volume.dig("configMap", "items").empty;
}
