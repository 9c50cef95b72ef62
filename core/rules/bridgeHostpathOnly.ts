import { bridgesOf } from "./allowed.ts";
import type { At } from "./at.ts";
import type { Look } from "./look.ts";
import type { PodPlace } from "./pods.ts";
import { roleOf, volumeOf } from "./roles.ts";
import type { Rule } from "./rule.ts";
import { shapeOf } from "./subject.ts";

/** Volumes that hold nothing of a node, of a network or of a driver. */
export const HARMLESS_VOLUMES = ["emptyDir", "configMap", "secret", "downwardAPI", "projected"] as const;
const HARMLESS: ReadonlySet<string> = new Set(["name", ...HARMLESS_VOLUMES]);

/** Resources that are no devices of a node. */
export const PLAIN_RESOURCES = ["cpu", "memory", "ephemeral-storage"] as const;
const PLAIN: ReadonlySet<string> = new Set(PLAIN_RESOURCES);

const DIRECTORY_TYPES: ReadonlySet<unknown> = new Set(["", "Directory", "DirectoryOrCreate"]);

export const bridgeHostpathOnly: Rule = {
  id: "bridge-hostpath-only",
  severity: "critical",
  title: "Of a node's files, pods see the bridge directory and nothing else.",
  remedy: "mount the bridge itself as hostPath; for anything else use emptyDir or a config map",
  check(look) {
    for (const pod of look.pods()) {
      for (const volume of pod.spec.get("volumes").items()) volumeFaults(look, pod, volume);
      const ofPod = pod.spec.get("resourceClaims");
      if (!ofPod.empty) look.veiled(ofPod, "claims devices of the node");
      deviceFaults(look, pod.spec.get("resources"));
      for (const { at } of pod.containers) {
        deviceFaults(look, at.get("resources"));
        const devices = at.get("volumeDevices");
        if (!devices.empty) look.fault(devices, "gives the container a block device");
        for (const mount of at.get("volumeMounts").items()) subPath(look, pod, mount);
      }
    }
    if (shapeOf(look.subject) === "PersistentVolume") persistentVolume(look);
    const claims = look.object.dig("spec", "volumeClaimTemplates");
    if (shapeOf(look.subject) === "StatefulSet" && !claims.empty)
      look.fault(claims, "claims volumes that may lie in a directory of a node");
  },
};

function volumeFaults(look: Look, pod: PodPlace, volume: At): void {
  const hostPath = volume.get("hostPath");
  if (!hostPath.absent) hostPathFaults(look, hostPath, roleOf(look, pod) === "sweep-check");
  for (const source of volume.entries()) {
    if (source.absent || source.unknown || source.key === "hostPath" || HARMLESS.has(String(source.key))) continue;
    look.veiled(source, "may reach a directory of a node, or beyond it");
  }
}

/** Device plugins give what is asked for under their names, huge pages too are taken from the node's own. */
function deviceFaults(look: Look, resources: At): void {
  if (!resources.get("claims").empty) look.veiled(resources.get("claims"), "claims devices of the node");
  for (const key of ["limits", "requests"])
    for (const amount of resources.get(key).entries())
      if (!PLAIN.has(String(amount.key))) look.fault(amount, "asks for a device of the node");
}

/** @param parent whether the bridge's parent is meant: the sweep removes the bridge from there */
function hostPathFaults(look: Look, hostPath: At, parent: boolean): void {
  const path = hostPath.get("path");
  const { bridge } = look.allowed;
  const wanted = parent ? [bridge.slice(0, bridge.lastIndexOf("/"))] : bridgesOf(look.allowed);
  if (!path.unknown && (path.text === undefined || !wanted.includes(cleaned(path.text) ?? "")))
    look.fault(path, `is not the bridge ${wanted[0]}`);
  const type = hostPath.get("type");
  if (!type.absent && !type.unknown && !DIRECTORY_TYPES.has(type.value)) look.fault(type, "is no directory");
}

/** The path without empty and `.` parts; undefined with `..`, which Kubernetes refuses and symlinks make ambiguous. */
function cleaned(path: string): string | undefined {
  if (!path.startsWith("/")) return undefined;
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return parts.includes("..") ? undefined : `/${parts.join("/")}`;
}

/** A path below the bridge is followed on the node: a symlink there leads out of it. */
function subPath(look: Look, pod: PodPlace, mount: At): void {
  if (volumeOf(pod, mount)?.get("hostPath").absent ?? true) return;
  for (const key of ["subPath", "subPathExpr"]) {
    const at = mount.get(key);
    if (!at.empty && !at.unknown) look.fault(at, "follows a path on the node");
  }
}

function persistentVolume(look: Look): void {
  const spec = look.object.get("spec");
  const hostPath = spec.get("hostPath");
  if (!hostPath.absent) hostPathFaults(look, hostPath, false);
  for (const key of ["local", "csi", "flexVolume"]) {
    const at = spec.get(key);
    if (!at.absent && !at.unknown) look.veiled(at, "reaches a directory of a node");
  }
}
