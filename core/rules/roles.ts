import { literal } from "../contract/literal.ts";
import { CONSUMER, PROBE_CONFIG_MAP, PRODUCER } from "../contract/names.ts";
import { PAIR_SCENARIOS } from "../contract/scenarios.ts";
import type { Allowed } from "./allowed.ts";
import type { At } from "./at.ts";
import type { Look } from "./look.ts";
import type { ContainerPlace, PodPlace } from "./pods.ts";
import {
  DOTS,
  PRODUCER_ENVIRONMENT,
  PRODUCER_MOUNTS,
  SWEEP_ENVIRONMENT,
  SWEEP_MOUNTS,
  TERMINATION_PATH,
  UNNEEDED,
} from "./producerPlace.ts";

/** The pods of this project, each told by its kind, namespace and name; a label proves nothing. */
export type Role = "producer" | "consumer" | "sweep-check" | "sweep-unmount";

const NAMES: Readonly<Record<Role, string>> = {
  producer: PRODUCER,
  consumer: CONSUMER,
  "sweep-check": "fuse-sweep-check",
  "sweep-unmount": "fuse-sweep-unmount",
};

/** The role a pod's name claims, or undefined. */
export function roleOf(look: Look, pod: PodPlace): Role | undefined {
  if (!pod.bare || look.subject.apiVersion !== "v1" || look.subject.resource?.type.endsWith("Patch")) return undefined;
  if (look.namespace !== look.allowed.namespace) return undefined;
  const roles = (Object.keys(NAMES) as Role[]).filter((role) => look.allowed.sweep || !role.startsWith("sweep"));
  return roles.find((role) => names(NAMES[role], look.allowed).includes(look.name));
}

/** Every name that core/manifests gives to a pod of this kind: with one node no suffix; with several, the node's name. */
export function names(base: string, { nodes }: Allowed): string[] {
  const scenarios = base === PRODUCER || base === CONSUMER ? PAIR_SCENARIOS.map(({ id }) => `${base}-${id}`) : [];
  return [base, ...scenarios].flatMap((name) => [name, ...nodes.map((node) => `${name}-${node}`)]);
}

const judged = new WeakMap<At, { readonly words: string | undefined }>();

/**
 * Why a container must not be privileged; undefined where it may: it is the producer's (or the sweep's), in its place, and
 * runs nothing but the project's own script.
 */
export function privilegeFault(look: Look, pod: PodPlace, container: ContainerPlace): string | undefined {
  // Each of its mounts asks.
  const before = judged.get(container.at);
  if (before) return before.words;
  const words = newPrivilegeFault(look, pod, container);
  judged.set(container.at, { words });
  return words;
}

function newPrivilegeFault(look: Look, pod: PodPlace, container: ContainerPlace): string | undefined {
  const role = roleOf(look, pod);
  if (role !== "producer" && role !== "sweep-unmount")
    return `belongs to no pod that may have it: only the Pod ${PRODUCER} of namespace ${look.allowed.namespace} does`;
  if (container.list !== "containers") return `is in ${container.list}: only a regular container may have it`;
  const name = role === "producer" ? PRODUCER : "sweep";
  if (container.at.get("name").text !== name) return `is not container ${name}`;
  const words =
    commandFault(look, role, container.at) ??
    environmentFault(look, role, container.at) ??
    mountFault(pod, role, container.at);
  if (words) return words;
  for (const key of UNNEEDED) if (!container.at.get(key).empty) return `has ${key}, which the ${role} does not need`;
  const ended = container.at.get("terminationMessagePath");
  if (!ended.empty && ended.text !== TERMINATION_PATH) return "has its last message written over one of its files";
  if (!pod.spec.get("shareProcessNamespace").off) return "shares its processes with the pod's other containers";
  if (role === "producer" && !runsProbe(pod, container.at)) return `does not take /probe from ${PROBE_CONFIG_MAP}`;
  return undefined;
}

/** Whether the container may have a Bidirectional mount, or be left without the rules for the unprivileged. */
export const mayBePrivileged = (look: Look, pod: PodPlace, container: ContainerPlace): boolean =>
  privilegeFault(look, pod, container) === undefined;

function commandFault(look: Look, role: "producer" | "sweep-unmount", at: At): string | undefined {
  const command = at
    .get("command")
    .items()
    .map(({ text }) => text);
  const script = command[2];
  const wanted = role === "producer" ? ["sh", "/probe/producer.sh"] : ["sh", "-c", script, "sweep", "unmount"];
  if (command.length !== wanted.length || command.some((word, index) => word !== wanted[index]))
    return "runs another command than the project's";
  const own = look.allowed.scripts?.["sweep.sh"];
  return role === "producer" || own === undefined || own === script
    ? undefined
    : "runs another script than the project's";
}

/** What it is told: the probe runs what COMMAND holds as its daemon, and a shell runs what PATH leads it to. */
function environmentFault({ allowed }: Look, role: "producer" | "sweep-unmount", at: At): string | undefined {
  const known = role === "producer" ? PRODUCER_ENVIRONMENT : SWEEP_ENVIRONMENT;
  const wanted = allowed.command && literal(allowed.command);
  for (const one of at.get("env").items()) {
    const name = one.get("name");
    const value = one.get("value");
    if (role === "producer" && (name.text === "COMMAND" || name.unknown)) {
      if (wanted === undefined || value.text !== wanted) return "runs a daemon of its own that is not allowed";
      continue;
    }
    const pattern = Object.hasOwn(known, name.text ?? "") ? known[name.text ?? ""] : undefined;
    if (pattern === undefined)
      return `has the variable ${JSON.stringify(name.text ?? "")}, which the ${role} does not need`;
    const text = value.text ?? "";
    if (!new RegExp(pattern, "u").test(text) || (name.text === "MARKER_FILE" && new RegExp(DOTS).test(text)))
      return `has a value of the variable ${name.text} that the ${role} is never given`;
  }
  return undefined;
}

/** A volume over its programs would replace them. */
function mountFault(pod: PodPlace, role: "producer" | "sweep-unmount", at: At): string | undefined {
  const known = role === "producer" ? PRODUCER_MOUNTS : SWEEP_MOUNTS;
  for (const mount of at.get("volumeMounts").items()) {
    const path = mount.get("mountPath").text ?? "";
    if (!Object.hasOwn(known, path)) return `has a volume at ${JSON.stringify(path)}, where the ${role} needs none`;
    const volume = volumeOf(pod, mount);
    if (!known[path]?.some((source) => !(volume?.get(source).absent ?? true)))
      return `has another volume at ${path} than ${known[path]?.join(" or ")}`;
  }
  return undefined;
}

function runsProbe(pod: PodPlace, container: At): boolean {
  const mounts = container.get("volumeMounts").items();
  const probe = mounts.filter((mount) => /^\/probe(\/|$)/.test(mount.get("mountPath").text ?? ""));
  const [mount] = probe;
  if (probe.length !== 1 || !mount || mount.get("mountPath").text !== "/probe") return false;
  if (!mount.get("subPath").empty || !mount.get("subPathExpr").empty) return false;
  const volume = volumeOf(pod, mount);
  return volume?.dig("configMap", "name").text === PROBE_CONFIG_MAP && volume.dig("configMap", "items").empty;
}

const volumes = new WeakMap<PodPlace, ReadonlyMap<string, At>>();

/** The volume a mount names: the first of that name. */
export function volumeOf(pod: PodPlace, mount: At): At | undefined {
  let named = volumes.get(pod);
  if (!named) {
    const all = pod.spec.get("volumes").items().toReversed();
    named = new Map(all.map((volume) => [volume.get("name").text ?? "", volume]));
    volumes.set(pod, named);
  }
  const name = mount.get("name").text;
  return name === undefined ? undefined : named.get(name);
}
